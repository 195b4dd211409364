"""What happens with the data: pull, canonicalise, compare, plan, push. Composes the engine rooms."""
