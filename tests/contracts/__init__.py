"""Every request that the hub makes to a vendor, held to the vendor's published contract."""
