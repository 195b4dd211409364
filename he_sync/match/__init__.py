"""Who is who: customers of both sides linked and de-duplicated without labels (reference matching, section 5)."""
