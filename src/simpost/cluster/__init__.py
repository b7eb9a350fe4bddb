"""Several processes on one database: who is there, who owns which bind, who keeps order."""
