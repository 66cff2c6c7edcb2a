"""Documents that come by mail: collection addresses, and what came to them."""
