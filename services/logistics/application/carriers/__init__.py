"""The carriers, all behind one port: what they tell of parcels, by callback or asked, and whom to ask."""
