"""Who is who: linking customers of both sides."""
