"""What programs ask: one file per dialect, one form and one queue behind them all."""
