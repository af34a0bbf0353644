"""What every job stands on: settings, schemas, pools and snapshots, keys, the command line."""
