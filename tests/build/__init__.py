"""What is built, and by which compilers."""
