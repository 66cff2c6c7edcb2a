"""What stands beside a folder: its address, who sees it, what happened there."""
