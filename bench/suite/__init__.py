"""The bench's own side: it starts the server and the workers, takes medians, and says where we stand."""
