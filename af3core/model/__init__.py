"""The model: checkpoints, requests, and the engines that answer them."""
