"""One file for each kind of work, with ours and every peer as a few lines that anyone can read and improve."""
