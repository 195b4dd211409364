"""The console: pages for operators, finance and integrators, readable and usable before any script has loaded.

`door` lets in who has the key and refuses forged forms, `app` puts the pages together, `render` fills templates, and
each module of `pages` shows one thing and takes the decisions about it through the same functions as the command line.
"""
