"""What tests share: sample soils and weather, host programs, exact comparison, pages. Found through pytest's ``pythonpath``."""
