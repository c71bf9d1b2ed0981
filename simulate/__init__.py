"""A coffee-and-retail chain with planted truth: every source that a customer lakehouse meets, at any scale."""

from simulate.brand import Brand
from simulate.landing import deliver
from simulate.making import generate
from simulate.partner import partner_members

__all__ = ["Brand", "deliver", "generate", "partner_members"]
