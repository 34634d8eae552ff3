"""Recipe and Dataset to Run. Keras 3 on whatever backend it is set to; `tensorflow` is not imported here."""
