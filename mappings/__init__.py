"""Which administration, dimensions and values a payroll company is posted to."""
