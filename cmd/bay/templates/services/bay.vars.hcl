# Values for the variables of this machine. It is in .gitignore: others make their
# own, or give BAY_VAR_db_password.
db_password = "my-password"
