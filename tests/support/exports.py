"""Exports for tests: the demo feed's listings under the headers of other families, and truths."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io

import pandas as pd

from lib.demo.feed import generate_feed
from lib.listings.contract import reso
from lib.listings.onboarding import infer

# header -> the field it is; values come from the demo feed where a function below makes them
SYSTEM = {
    "Matrix_Unique_ID": "listing_key", "MLSNumber": "listing_id",
    "MatrixModifiedDT": "modification_timestamp", "Status": "standard_status",
    "PropertyType": "property_type", "ForLease": "for_lease", "DwellingType": "property_sub_type",
    "ListPrice": "list_price", "OriginalListPrice": "original_list_price",
    "ClosePrice": "close_price", "ListingContractDate": "listing_contract_date",
    "PendingDate": "purchase_contract_date", "CloseDate": "close_date", "SqFtTotal": "living_area",
    "Acres": "lot_size_acres", "BedsTotal": "bedrooms_total", "BathsTotal": "bathrooms",
    "YearBuilt": "year_built", "Stories": "stories", "GarageCap": "garage_spaces",
    "FireplaceCount": "fireplaces_total", "PoolPrivate": "pool_private_yn",
    "Waterfront": "waterfront_yn", "StreetNumber": "street_number", "StreetName": "street_name",
    "UnitNumber": "unit_number", "City": "city", "StateOrProvince": "state_or_province",
    "PostalCode": "postal_code", "GeoMarketArea": "mls_area_major",
    "Subdivision": "subdivision_name", "SchoolDistrict": "high_school_district",
    "TaxID": "parcel_number", "Latitude": "latitude", "Longitude": "longitude",
    "AnnualMaintFee": "association_fee", "RemarksPublic": "public_remarks",
    "PhotoCount": "photos_count", "SpecialListingConditions": "special_listing_conditions",
}  # fmt: skip
FUTURE = ("SellerContribution", "NextYearAppraisal")  # nothing may claim these
LABELS = {
    "ML#": "listing_id", "Status": "standard_status", "Type": "property_type",
    "List Price": "list_price", "Sale Price": "close_price", "Close Date": "close_date",
    "SqFt": "living_area", "Lot Size": "lot_size_square_feet", "Acres": "lot_size_acres",
    "Bedrooms": "bedrooms_total", "Baths F/H": "bathrooms_slash", "Year Built": "year_built",
    "Zip Code": "postal_code", "Prvt Pool": "pool_private_yn", "Market Area": "mls_area_major",
    "DOM": "days_on_market",
}  # fmt: skip
GENERIC = {
    "MLS #": "listing_id", "Status": "standard_status", "Property Type": "property_type",
    "Current Price": "list_price", "Sold Price": "close_price", "Sold Date": "close_date",
    "Total Sq Ft": "living_area", "Lot SqFt": "lot_size_square_feet", "Beds": "bedrooms_total",
    "Baths Full": "bathrooms_full", "Baths Half": "bathrooms_half", "Year Built": "year_built",
    "Zip": "postal_code", "DOM": "days_on_market",
}  # fmt: skip
RESO = {
    "ListingKey": "listing_key", "ListingId": "listing_id",
    "ModificationTimestamp": "modification_timestamp", "StandardStatus": "standard_status",
    "MlsStatus": "mls_status", "PropertyType": "property_type",
    "PropertySubType": "property_sub_type", "ListPrice": "list_price",
    "OriginalListPrice": "original_list_price", "ClosePrice": "close_price",
    "ListingContractDate": "listing_contract_date",
    "PurchaseContractDate": "purchase_contract_date", "CloseDate": "close_date",
    "DaysOnMarket": "days_on_market", "LivingArea": "living_area",
    "LotSizeSquareFeet": "lot_size_square_feet", "LotSizeAcres": "lot_size_acres",
    "BedroomsTotal": "bedrooms_total", "BathroomsFull": "bathrooms_full",
    "BathroomsHalf": "bathrooms_half", "BathroomsTotalInteger": "bathrooms_total_integer",
    "YearBuilt": "year_built", "Stories": "stories", "GarageSpaces": "garage_spaces",
    "FireplacesTotal": "fireplaces_total", "PoolPrivateYN": "pool_private_yn",
    "WaterfrontYN": "waterfront_yn", "StreetNumber": "street_number", "StreetName": "street_name",
    "UnitNumber": "unit_number", "City": "city", "StateOrProvince": "state_or_province",
    "PostalCode": "postal_code", "MLSAreaMajor": "mls_area_major",
    "SubdivisionName": "subdivision_name", "HighSchoolDistrict": "high_school_district",
    "ParcelNumber": "parcel_number", "Latitude": "latitude", "Longitude": "longitude",
    "AssociationFee": "association_fee", "PublicRemarks": "public_remarks",
    "PhotosCount": "photos_count",
}  # fmt: skip
KING_COUNTY = {
    "id": "listing_id", "date": "close_date", "price": "close_price",
    "bedrooms": "bedrooms_total", "bathrooms": "bathrooms", "sqft_living": "living_area",
    "sqft_lot": "lot_size_square_feet", "floors": "stories", "waterfront": "waterfront_yn",
    "view": None, "condition": None, "grade": None, "sqft_above": "above_grade_finished_area",
    "sqft_basement": "below_grade_finished_area", "yr_built": "year_built", "yr_renovated": None,
    "zipcode": "postal_code", "lat": "latitude", "long": "longitude", "sqft_living15": None,
    "sqft_lot15": None,
}  # fmt: skip
# what a small brokerage's own software might call things; None: left for a person to decide
BROKERAGE = {
    "Ref No": "listing_id", "Last Changed": "modification_timestamp", "Stage": "standard_status",
    "Lease?": "for_lease", "Asked": "list_price", "Sold For": "close_price",
    "Listed On": "listing_contract_date", "Sold On": "close_date",
    "Interior Sq. Ft.": "living_area", "Land (acres)": "lot_size_acres",
    "Bedroom Count": "bedrooms_total", "Bathroom Count": "bathrooms", "Constructed": "year_built",
    "Levels": "stories", "Parking": "garage_spaces", "Swimming": None, "House No": "street_number",
    "Road": None, "Municipality": "city", "Postcode": "postal_code",
    "Neighborhood": "subdivision_name", "Y": None, "X": None, "Next Appraisal": None,
}  # fmt: skip
OF_DEMO = {  # the demo's columns behind BROKERAGE, in its order
    "Ref No": "Matrix_Unique_ID", "Last Changed": "MatrixModifiedDT", "Stage": "Status",
    "Lease?": "ForLease", "Asked": "ListPrice", "Sold For": "ClosePrice",
    "Listed On": "ListingContractDate", "Sold On": "CloseDate", "Interior Sq. Ft.": "SqFtTotal",
    "Land (acres)": "Acres", "Bedroom Count": "BedsTotal", "Bathroom Count": "BathsTotal",
    "Constructed": "YearBuilt", "Levels": "Stories", "Parking": "GarageCap",
    "Swimming": "PoolPrivate", "House No": "StreetNumber", "Road": "StreetName",
    "Municipality": "City", "Postcode": "PostalCode", "Neighborhood": "Subdivision",
    "Y": "Latitude", "X": "Longitude", "Next Appraisal": "NextYearAppraisal",
}  # fmt: skip


@functools.cache
def demo(sales: int = 700, rentals: int = 130) -> pd.DataFrame:
    """All whole rows of a small demo feed as text."""
    feed = generate_feed(7, sales, rentals, 40, dt.date(2023, 1, 1), 2, 4, photos=False)
    tables = []
    for path, content in feed.files.items():
        if path.endswith(".csv"):
            text = content.decode("cp1252" if path.endswith("sales_2023.csv") else "utf-8-sig")
            delimiter = ";" if "mixed" in path else ","
            head, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
            whole = [row for row in rows if len(row) == len(head)]
            tables.append(pd.DataFrame(whole, columns=head, dtype="str"))
    return pd.concat(tables, ignore_index=True)


def labels() -> pd.DataFrame:
    """The demo's listings under HAR display labels."""
    source, out = demo(), pd.DataFrame()
    for header, field in LABELS.items():
        out[header] = _by_field(source, field)
    return out.assign(Type=_type(source, "Rental"))


def generic() -> pd.DataFrame:
    """The demo's listings under generic Matrix headers; the current price ends as the paid one."""
    source, out = demo(), pd.DataFrame()
    for header, field in GENERIC.items():
        out[header] = _by_field(source, field)
    current = out["Sold Price"].where(out["Sold Price"] != "", out["Current Price"])
    return out.assign(**{"Current Price": current, "Property Type": _type(source, "Rental")})


def standard() -> pd.DataFrame:
    """The demo's listings under RESO names and in RESO's formats."""
    source, out = demo(), pd.DataFrame()
    for header, field in RESO.items():
        out[header] = _by_field(source, field)
    for header in ("ListingContractDate", "PurchaseContractDate", "CloseDate"):
        day = pd.to_datetime(out[header], format="%m/%d/%Y", errors="coerce")
        out[header] = day.dt.strftime("%Y-%m-%d").fillna("")
    out["ModificationTimestamp"] += ".000Z"
    ours = {"Sold": "Closed", "Leased": "Closed", "Rented": "Closed", "Terminated": "Canceled"}
    ours |= {"Option Pending": "Active Under Contract"}
    ours |= {"Pending Continue to Show": "Active Under Contract"}
    out["StandardStatus"] = out["StandardStatus"].replace(ours)
    out["PropertyType"] = _type(source, "Residential Lease")
    return out


def brokerage(sales: int = 700, rentals: int = 130) -> pd.DataFrame:
    """The demo's listings as a brokerage's own software writes them: other words, other dates."""
    source = demo(sales, rentals)
    out = pd.DataFrame({header: source[column] for header, column in OF_DEMO.items()})
    for header in ("Listed On", "Sold On"):
        out[header] = out[header].str.replace(r"^(..)/(..)/(....)$", r"\2.\1.\3", regex=True)
    stamp = pd.to_datetime(out["Last Changed"], errors="coerce")
    out["Last Changed"] = stamp.dt.strftime("%d.%m.%Y %H:%M:%S").fillna("")
    out["Stage"] = out["Stage"].replace({"Sold": "Settled", "Leased": "Let"})
    return out


def _type(source: pd.DataFrame, lease: str) -> pd.Series:
    return source["PropertyType"].mask(source["ForLease"] == "True", lease)


def _by_field(source: pd.DataFrame, field: str) -> pd.Series:
    """The demo's values for a field, computed where the demo has no such column."""
    by_field = {name: header for header, name in SYSTEM.items()}
    if field in by_field:
        return source[by_field[field]]
    number = pd.to_numeric(source["Acres"], errors="coerce")
    if field == "lot_size_square_feet":
        return (number * 43560).round().astype("Int64").astype("str").replace("<NA>", "")
    full, half = source["BathsTotal"].str.partition(".")[[0, 2]].to_numpy().T
    if field == "bathrooms_full":
        return pd.Series(full, dtype="str")
    if field == "bathrooms_half":
        return pd.Series(half, dtype="str")
    if field == "bathrooms_total_integer":
        total = pd.to_numeric(pd.Series(full)) + pd.to_numeric(pd.Series(half))
        return total.astype("Int64").astype("str").replace("<NA>", "")
    if field == "bathrooms_slash":
        return source["BathsTotal"].str.replace(".", "/")
    if field == "mls_status":
        return source["Status"]
    assert field == "days_on_market"
    return pd.Series([str(3 + 7 * row % 90) for row in range(len(source))], dtype="str")


FAMILIES = {
    "system": (SYSTEM, lambda: demo().drop(columns=list(FUTURE))),
    "labels": (LABELS, labels),
    "generic": (GENERIC, generic),
    "reso": (RESO, standard),
}
assert {field for truth, _ in FAMILIES.values() for field in truth.values()} <= set(
    reso.load_dictionary().fields
)


@functools.cache
def guesses(name: str) -> list[infer.ColumnGuess]:
    """What `infer` takes the columns of a family's export for, or those of the brokerage's."""
    return infer.guess_columns(brokerage() if name == "brokerage" else FAMILIES[name][1]())


HOUSES = """
title: Houses with photos (Ahmed and Moustafa 2016)
constants: {standard_status: Closed}
columns:
  listing_key: {aliases: [house], required: true}
  bedrooms_total: {aliases: [bedrooms], range: [0, 20]}
  bathrooms: {aliases: [bathrooms], type: baths_decimal}
  living_area: {aliases: [area_sqft], range: [100, 50000]}
  postal_code: {aliases: [zip], required: true}
  close_price: {aliases: [price], required: true}
  photos_count: {aliases: [photos]}
property_key: [[listing_key]]
"""
