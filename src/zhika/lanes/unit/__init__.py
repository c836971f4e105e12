"""Employers, townships, schools and villages 主管部门、乡镇: hand in data, receive cards, hand them out."""
