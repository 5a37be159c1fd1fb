"""Where payroll journals come from: uploaded files, how each kind of them is read."""
