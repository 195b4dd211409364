"""The flow designer: a page a module, all over the same drafts."""
