"""Companies with planted rules: what decides what and what adds up is drawn by a seed, and so are the faults."""
