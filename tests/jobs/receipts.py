"""A feed of receipts with buyers and their phones, as a source file and the header of its files."""

RECEIPTS = """
description: Receipts of a test.
format: csv
required: [number, line, at, who, sku, qty, price]
maps:
  silver.order_line:
    columns:
      order_id: concat('t:', $.number)
      line_no: $.line
      channel: "'shop'"
      ordered_at: $.at
      customer_token: {token: member_no, from: $.who}
      sku: $.sku
      quantity: $.qty
      unit_price_amount: $.price
identifiers:
  - at: $.at
    ids: {member_no: $.who, phone: $.tel}
"""
RECEIPT = "number,line,at,who,tel,sku,qty,price"
