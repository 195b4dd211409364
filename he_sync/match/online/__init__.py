"""One record, or a few, against a finished run that is kept on disk: who is it, before it is created again?"""
