"""Medical insurance centres and rural-scheme offices 医保中心、农合办: confirm, receive, pass on, report."""
