"""Where mapping files lie: the live one and its versions on the shelf, drafts and changes that wait on the desk."""
