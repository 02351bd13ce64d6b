"""The orestream command."""
