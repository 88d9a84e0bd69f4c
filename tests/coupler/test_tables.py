"""Tables of points: however the same numbers are written, a run gets the same numbers or a refusal; expected values by hand."""

import re

import numpy as np
import pytest
from calcisol.coupler.errors import CalcisolError
from calcisol.coupler.input_maps import countries, masks
from calcisol.coupler.input_maps.readers import read_field
from calcisol.coupler.input_maps.table_text import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PLACES = [(40.25, -3.75, 0.12), (46.25, 3.25, 0.5), (51.75, 0.25, 0.0305)]  # latitude, longitude, kg/kg
NO_VALUE = ("", ":", "NA", "n.a.", "-1", "-9", "-99", "-999", "-9999", "-9999.0", "1e20", "NaN", "-", "9999")


def table(tmp_path, text, name="t.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def found(path, field="caco3"):
    points = read_field(path, field)
    order = np.lexsort((points.lon, points.lat))
    return [tuple(map(float, x)) for x in zip(points.lat[order], points.lon[order], points.values[order], strict=True)]


def written(value, decimal, digits=4):
    return f"{value:.{digits}f}".replace(".", decimal)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lat,lon,caco3\n40.25,-3.75,0.12\n", "plain"),
        ("lat,lon,caco3\n40.25,356.25,0.12\n", "0 to 360"),
        ("LAT,Long,CACO3\n40.25,-3.75,0.12\n", "case"),
        ("lon,caco3,lat\n-3.75,0.12,40.25\n", "order of columns"),
        ("lat;lon;caco3\n40,25;-3,75;0,12\n", "decimal comma"),
        ('lat,lon,caco3\n"40.25","-3.75","0.12"\n', "quoted"),
        ('lat,lon,caco3\n"40,25","-3,75","0,12"\n', "quoted decimal commas"),
        ("lat\tlon\tcaco3\n40.25\t-3.75\t0.12\n", "tabs"),
        ("lat|lon|caco3\n40.25|-3.75|0.12\n", "bars"),
        ("# made by hand\nlat,lon,caco3\n40.25,-3.75,0.12\n\n", "comment above, blank below"),
        ("sep=;\nlat;lon;caco3\n40,25;-3,75;0,12\n", "a spreadsheet's first line"),
        ("lat,lon,E/W,caco3\n40.25,3.75,W,0.12\n", "column of the side"),
        ("lat,lon,GPS_EW,caco3\n40.25,3.75,w,0.12\n", "LUCAS's name of it"),
        ("lat,N/S,lon,E/W,caco3\n40.25,N,3.75,West,0.12\n", "both sides, a word"),
        ("lat,lon,lon_dir,caco3\n40.25,3.75,Ouest,0.12\n", "French"),
        ("lat,lon_w,caco3\n40.25,3.75,0.12\n", "west in the header"),
        ("lat,lon [degrees_west],caco3\n40.25,3.75,0.12\n", "west in the unit"),
        ("lat,lon,caco3\n40.25N,3.75W,0.12\n", "letters beside the numbers"),
        ("lat,lon,caco3\n40°15'N,3°45'W,0.12\n", "degrees and minutes"),
        ("lat,lon,caco3\n\"40°15'00\"\"N\",\"3°45'00\"\"W\",0.12\n", "and seconds"),
        ("lat,lon,caco3\nN 40° 15.0',W 3° 45.0',0.12\n", "letters first"),
        ("lat,lon,caco3 [%]\n40.25,-3.75,12\n", "unit in the header"),
        ("lat,lon,CaCO3 (g/kg)\n40.25,-3.75,120\n", "another unit in the header"),
        ("lat,lon,caco3\n40.25,-3.75,1.2e-1\n", "exponent"),
        ("lat,lon,caco3\n40.25,−3.75,0.12\n", "a minus sign of a typesetter"),
        ("decimalLatitude,decimalLongitude,caco3\n40.25,-3.75,0.12\n", "Darwin Core"),
        ("POINTID,TH_LAT,TH_LONG,CaCO3\n1,40.25,-3.75,120\n", "LUCAS"),
        ("Point_ID,GPS_LAT,GPS_LONG,GPS_EW,CACO3\n1,40.25,3.75,W,120\n", "LUCAS of another year"),
        ("POINTID,GPS_LAT,GPS_LONG,GPS_EW,CaCO3\n1,40.25,3.75,W,120\n2,88.888888,88.888888,8,50\n", "LUCAS, not relevant"),
        ("Depth,POINTID,OC,CaCO3,OC (20-30 cm),CaCO3 (20-30 cm),TH_LAT,TH_LONG\n0-20 cm,1,9,120,5,80,40.25,-3.75\n", "2018"),
        ("POINTID,GPS_LAT,GPS_LONG,TH_LAT,TH_LONG,CaCO3\n1,40.3,-3.8,40.25,-3.75,120\n", "LUCAS, grid before receiver"),
    ],
)  # fmt: skip
def test_one_place_however_it_is_written(tmp_path, text, why):
    ((lat, lon, value),) = found(table(tmp_path, text))
    assert (lat, lon, value) == pytest.approx((40.25, -3.75, 0.12), abs=1e-12), why


def test_encodings_of_spreadsheets(tmp_path):
    text = "Größe;lat;lon;caco3\nä;40,25;-3,75;0,12\n"
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        assert found(table(tmp_path, text, encoding=encoding)) == [(40.25, -3.75, 0.12)], encoding


def test_a_thousand_in_groups_is_a_thousand(tmp_path):
    head = "POINTID,TH_LAT,TH_LONG,CaCO3\n"
    assert found(table(tmp_path, head + '1,40.25,-3.75,"1,000"\n2,46.25,3.25,20\n')) == [(40.25, -3.75, 1.0), (46.25, 3.25, 0.02)]
    assert found(table(tmp_path, "lat;lon;bulk_density\n40,25;-3,75;1.350\n46,5;3,5;1 350\n", "b.csv"), "bulk_density") == [
        (40.25, -3.75, 1350.0),
        (46.5, 3.5, 1350.0),
    ]
    # coordinates tell: 46,250 degrees cannot be 46250
    assert found(table(tmp_path, "lat;lon;soc\n46,250;-3,750;0,014\n", "c.csv"), "soc") == [(46.25, -3.75, 0.014)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('POINTID,TH_LAT,TH_LONG,CaCO3\n1,40,3,"1,000"\n', "'1,000' may be 1000 or 1.000"),
        ("lat,lon,caco3\n40.25,3.75,0.12\n\"40,5\",3,0.1\n", "do not agree on the decimal sign"),
        ("lat,lon,caco3\n40.25,3.75,about 0.1\n", "caco3 = 'about 0.1' in row 2 is no number"),
        ("lat,lon,caco3\n40,25,3,75,0,12\n", "row 2 has 6 fields and the header 3"),
        ("lat,lon,caco3\n40.25,3.75\n", "row 2 has 2 fields and the header 3"),
        ("lat,lat,lon,caco3\n40.25,41,3.75,0.1\n", "two columns 'lat'"),
        ("lat,Latitude,lon,caco3\n40.25,41,3.75,0.1\n", "columns lat and Latitude for latitude"),
        ("lat,lon,caco3,CaCO3 [%]\n40.25,3.75,0.1,10\n", "columns caco3 and CaCO3 [%] for caco3"),
        ("lat,lon,caco3\n3.75,140.25,0.1\n140.25,3.75,0.1\n", "latitude 140.25 must lie between -90 and 90; are latitude"),
        ("lat,lon,caco3\n3210000,4321000,0.1\n", "coordinates in metres"),
        ("lat,lon,E/W,caco3\n40.25,-3.75,E,0.1\n", "is negative, its side says the other"),
        ("lat,lon,E/W,caco3\n40.25,3.75,8,0.1\n", "E/W = '8' is not clear; write E or W"),
        ("lat,lon,lon_dir,caco3\n40.25,3.75,O,0.1\n", "lon_dir = 'O' is not clear; write E or W"),
        ("lat,lon,E/W,caco3\n40.25,3.75,,0.1\n40.25,3.75,W,0.1\n", "the side of lon = 3.75 in row 2 is empty; write E or W"),
        ("lat_deg,lat_min,lon_deg,lon_min,caco3\n40,15,3,45,0.1\n", "holds minutes of degrees in lat_min"),
        ("lat,lon,depth,caco3\n40,3,0-20,0.1\n40,3,60-80,0.5\n", "has rows of several depths at a place (depth)"),
        ("lat,lon,top_cm,caco3\n40,3,0,0.1\n40,3,60,0.5\n", "has rows of several depths at a place (top_cm)"),
        ("lat,lon,hzdept,caco3\n40,3,0,0.1\n40,3,60,0.5\n", "has rows of several depths at a place (hzdept)"),
        ("lat,lon,wind,caco3\n40.25,3.75,W,0.1\n", "wind looks like the side of the longitude"),
        ("lat,lon,caco3\n40.25S,3.75N,0.1\n", "lon = '3.75N' in row 2 is no longitude"),
        ("lat,lon,caco3\n40°75'N,3°45'W,0.12\n", "is no latitude"),
        ("X_LAEA,Y_LAEA,caco3\n4321000,3210000,0.1\n", "has no column TH_LAT or GPS_LAT or lat or latitude"),
        ("lat,lon,pH_CaCl2\n40,3,7.1\n", "has no column ph_survey or pH_H2O"),
        ("lat,lon,OC\n40.25,3.75,14.2\n", "OC states no unit; write it into the header, e.g. OC [g/kg]"),
        ("POINTID,TH_LAT,TH_LONG,CaCO3\n1,40.25,-3.75,0.12\n", "holds at most 0.12, little for g/kg"),
        ("lat,lon,caco3 [furlong]\n40.25,3.75,1\n", "furlong"),
    ],
)  # fmt: skip
def test_what_could_be_two_things_is_refused_in_one_sentence(tmp_path, text, words):
    field = "ph_survey" if "CaCl2" in text else "soc" if ",OC" in text else "caco3"
    with pytest.raises(CalcisolError, match=re.escape(words)) as caught:
        read_field(table(tmp_path, text), field)
    assert "\n" not in str(caught.value)


def test_surveys_of_several_years_are_told(tmp_path):
    """Both count in the mean of a cell; that there are two is no secret."""
    path = table(tmp_path, "lat,lon,survey_year,caco3\n40.25,-3.75,2009,0.1\n40.25,-3.75,2018,0.3\n41.25,-3.75,2018,0.2\n")
    points = read_field(path, "caco3")
    assert sorted(points.values) == [0.1, 0.2, 0.3]
    assert points.note.startswith("1 place has several rows of survey_year 2009 to 2018, which count alike; keep one year")
    same = table(tmp_path, "lat,lon,year,caco3\n40.25,-3.75,2009,0.1\n40.25,-3.75,2018,0.1\n41.25,-3.75,2018,0.2\n")
    assert read_field(same, "caco3").note == ""


@pytest.mark.parametrize("code", NO_VALUE)
def test_codes_for_no_value_are_no_values(tmp_path, code):
    text = f"lat,lon,caco3\n40.25,-3.75,{code}\n46.25,3.25,0.5\n"
    assert found(table(tmp_path, text)) == [(46.25, 3.25, 0.5)]
    assert read_field(table(tmp_path, text), "caco3").lost == 1


def test_a_code_can_be_a_value_of_another_field(tmp_path):
    text = "lat,lon,mat,altitude\n60.25,10.25,-1,-3\n61.25,10.25,-9,-9\n62.25,10.25,-99,-999\n"
    assert [v for *_, v in found(table(tmp_path, text), "mat")] == [-1.0, -9.0]  # degrees Celsius
    assert [v for *_, v in found(table(tmp_path, text), "altitude")] == [-3.0, -9.0]  # a polder


def test_below_detection_is_next_to_nothing_for_amounts_only(tmp_path):
    assert found(table(tmp_path, "lat,lon,caco3\n40,3,< 0.001\n46,3,<LOD\n")) == [(40.0, 3.0, 0.0), (46.0, 3.0, 0.0)]
    with pytest.raises(CalcisolError, match="ph_survey = '<4' in row 2 is no number"):
        read_field(table(tmp_path, "lat,lon,ph_survey\n40,3,<4\n"), "ph_survey")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_same_table_in_any_dress_gives_the_same_numbers(tmp_path, data):
    decimal, separator = data.draw(st.sampled_from([(".", ","), (".", ";"), (",", ";"), (",", "\t"), (".", "\t"), (",", ",")]))
    side = data.draw(st.sampled_from(["sign", "360", "column", "letter"]))
    quoted = separator == decimal or data.draw(st.booleans())
    columns = data.draw(st.permutations(["lat", "lon", "caco3"] + (["EW"] if side == "column" else [])))
    names = {"lat": data.draw(st.sampled_from(["lat", "LAT", "Latitude"])),
             "lon": data.draw(st.sampled_from(["lon", "Longitude"])),
             "caco3": data.draw(st.sampled_from(["caco3", "CaCO3", "CACO3 [kg/kg]"])), "EW": "E/W"}  # fmt: skip
    rows = []
    for lat, lon, value in data.draw(st.permutations(PLACES)):
        far = lon % 360 if side == "360" else lon if side == "sign" else abs(lon)
        cell = {
            "lat": written(lat, decimal),
            "lon": written(far, decimal),
            "caco3": written(value, decimal),
            "EW": "W" if lon < 0 else "E",
        }
        cell["lon"] += ("W" if lon < 0 else "E") if side == "letter" else ""
        rows.append(cell)
    code = data.draw(st.sampled_from([c for c in NO_VALUE if "." not in c]))
    rows.insert(data.draw(st.integers(0, 3)), {"lat": "50", "lon": "5", "caco3": code, "EW": "E"})
    mark = '"' if quoted else ""
    lines = [separator.join(names[c] for c in columns)] + [separator.join(f"{mark}{r[c]}{mark}" for c in columns) for r in rows]
    got = found(table(tmp_path, data.draw(st.sampled_from(["\n", "\r\n"])).join(lines) + "\n"))
    assert np.array(got) == pytest.approx(np.array(sorted(PLACES)), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.decimals(min_value=-99999, max_value=99999, places=2, allow_nan=False), st.sampled_from([".", ","]), st.booleans())
def test_a_number_with_either_sign_and_with_groups(number, decimal, grouped):
    text = f"{number:,.2f}" if grouped else f"{number:.2f}"
    text = text if decimal == "." else text.translate({ord("."): ",", ord(","): "."})
    assert parse(text, decimal) == float(number)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="latlonc3o,;\t\n\"'.-0123456789 EWNS°<:", max_size=120))
def test_no_text_ends_in_a_traceback(tmp_path, text):
    try:
        read_field(table(tmp_path, "lat,lon,caco3\n" + text), "caco3")
    except CalcisolError as error:
        assert "\n" not in str(error)


EUROSTAT = "freq,nutrient,indic_ag,unit,geo\\TIME_PERIOD\t2018 \t2019 \n"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("78", 78.0), ("78.5 e", 78.5), ("78.5b", 78.5), ("78.5 bp", 78.5), (":", 80.0), (": c", 80.0), (":z", 80.0), ("", 80.0)],
)
def test_flags_of_eurostat_stand_behind_the_number(tmp_path, cell, value):
    path = table(tmp_path, EUROSTAT + f"A,N,I_MIN,KG_HA,FR\t80 p\t{cell}\n", "e.tsv")
    assert countries.read_countries(path, "mineral_n") == {"FRA": value}  # else the year before


def test_rows_of_a_national_table_may_stand_in_any_order(tmp_path):
    head, rows = (
        "geo,nutrient,indic_ag,unit,TIME_PERIOD,OBS_VALUE,OBS_FLAG\n",
        ["FR,N,I_MIN,KG_HA,2019,78,b\n", "FR,N,I_MIN,KG_HA,2018,80,\n"],
    )
    for order in (rows, rows[::-1]):
        assert countries.read_countries(table(tmp_path, head + "".join(order)), "mineral_n") == {"FRA": 78.0}
    with pytest.raises(CalcisolError, match="mineral_n of FRA in 2019 more than once"):
        countries.read_countries(table(tmp_path, head + rows[0] + rows[0].replace("78", "79")), "mineral_n")
    fao = (
        "Area Code (M49),Element,Item,Year,Unit,Value\n'250,Use per area of cropland,Nutrient nitrogen N (total),2020,t/ha,0.1\n"
    )
    with pytest.raises(CalcisolError, match="nitrogen per area is in 't/ha'; give it in kg/ha"):
        countries.read_countries(table(tmp_path, fao), "mineral_n")


def test_hwsd_units_of_equal_share_do_not_depend_on_their_order(tmp_path):
    (tmp_path / "HWSD2.hdr").write_text(
        "NROWS 1\nNCOLS 2\nNBITS 16\nBYTEORDER I\nULXMAP 1.25\nULYMAP 47.75\nXDIM 0.5\nYDIM 0.5\n"
    )
    np.array([[7, 7]], "<u2").tofile(tmp_path / "HWSD2.bil")
    rows = ["7,50,D1,10\n", "7,50,D1,20\n", "7,0,D1,90\n", "7,50,D2,60\n", "7,50,D1,-9\n"]
    for order in (rows, rows[::-1]):
        path = table(tmp_path, "HWSD2_SMU_ID,SHARE,LAYER,TCARBON_EQ\n" + "".join(order))
        assert read_field(path, "caco3").values == pytest.approx([0.15, 0.15])  # (10 + 20) / 2 %


CELLS = (np.array([45.25, 45.25]), np.array([-3.75, 4.25]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lat,lon,share\n45.25,-3.75,1\n45.25,4.25,0.25\n", [1.0, 0.25]),
        ("lat,lon,share\n45.25,356.25,1\n45.25,4.25,0.25\n", [1.0, 0.25]),
        ("lat,lon,EW,share\n45.25,3.75,W,1\n45.25,4.25,E,0.25\n", [1.0, 0.25]),
        ("lat;lon;share\n45,25;-3,75;1,0\n45,25;4,25;0,25\n", [1.0, 0.25]),
        # a quarter of a cell each, four to a cell; two of the second cell's are left out, as places outside are
        ("lat,lon,share\n" + "".join(f"{45.125 + i},{-3.875 + j},1\n" for i in (0, 0.25) for j in (0, 0.25))
         + "45.125,4.125,1\n45.375,4.375,1\n", [1.0, 0.5]),
    ],
)  # fmt: skip
def test_masks_by_table(tmp_path, text, expected):
    assert np.nan_to_num(masks.on_points(table(tmp_path, text), *CELLS)) == pytest.approx(expected)
