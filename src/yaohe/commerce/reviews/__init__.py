"""Reviews: what buyers say of what they received. Words: review, stars, answer, hide."""
