"""The peers: small programs, each as its library's documentation advises. They know nothing of ours."""
