"""What the report is made of: figures of the lake, pictures drawn from them, and the page that holds them."""
