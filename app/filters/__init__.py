"""What people narrow pages by, kept under names of their own."""
