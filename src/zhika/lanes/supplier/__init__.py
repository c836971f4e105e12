"""The card supplier 卡片供应商: prints, laminates, punches, embeds, and returns semi-finished cards."""
