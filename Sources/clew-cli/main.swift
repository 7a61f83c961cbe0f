print("clew")
