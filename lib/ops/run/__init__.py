"""Running DVC: its lock by libyaml, its progress, the raw folder."""
