"""Rules that a company's own records obey, proposed with support and exceptions; a person accepts them one by one."""
