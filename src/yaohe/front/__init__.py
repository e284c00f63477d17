"""Front: the documents people open and the hot endpoints; composes several contexts, owns none."""
