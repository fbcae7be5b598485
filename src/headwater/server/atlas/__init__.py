"""The endpoints of Apache Atlas and Microsoft Purview, over the catalog."""
