"""One stay per control that fires it and nothing else, and one beside it that fires nothing at all.

Each row reads: control, the stay that fires it, the near miss. A stay is one unit's changes to an ordinary stay, or a
list of units. What must come with a control (a date after the last day has its exit there too) stands in ALSO.
"""

from datetime import date, timedelta
from typing import Any

from tests.hospital_units import (
    ADULT,
    COUNTED_TWICE,
    LATER,
    MOTHER,
    NEWBORN,
    NEXT_DAY,
    SERVICE,
    SESSION,
    SOME_DAY,
    STILLBORN,
    act,
    acts,
    two_units,
)  # fmt: skip

Stay = dict[str, Any] | list[dict[str, Any]]
LAST, DAYS = date(2026, 12, 31), timedelta(days=1)
BABY = NEWBORN | {"entry_mode": "8"}
OF_2017 = {"entry_date": date(2017, 2, 2), "exit_date": date(2017, 2, 3), "unscheduled": None}
ALSO = {"GRP-064": {"GRP-065"}}

IDENTITY: list[tuple[str, Stay, Stay]] = [
    ("GRP-010", two_units(second={"rss_id": "2"}), two_units(rss_id="2")),
    ("GRP-011", {"rss_id": None}, {"rss_id": "A7"}),
    ("GRP-015", {"birth_date": date(1886, 2, 1)}, {"birth_date": date(1886, 2, 2)}),
    ("GRP-016", {"sex": None}, {"sex": "2"}),
    ("GRP-017", {"sex": "X"}, BABY | {"sex": "3"}),
    ("GRP-045", two_units(second={"birth_date": date(1948, 2, 15)}), two_units(birth_date=date(1948, 2, 15))),
    ("GRP-046", two_units(second={"sex": "2"}), two_units(sex="2")),
    ("GRP-076", {"producer": "99000001X"}, {"producer": "2A0000154"}),
    ("GRP-258", BABY | {"sex": "3", "birth_date": LATER - 90 * DAYS},
     BABY | {"sex": "3", "birth_date": LATER - 89 * DAYS}),
    ("HOS-040", {"unit_code": "NONE"}, {"unit_code": "NONE", "delivery_id": "without a unit file"}),
    ("HOS-041", OF_2017 | {"producer": COUNTED_TWICE, "covers_to": date(2017, 12, 31)},
     OF_2017 | {"producer": COUNTED_TWICE, "covers_to": date(2018, 12, 31)}),
]  # fmt: skip
DATES: list[tuple[str, Stay, Stay]] = [
    ("GRP-023", two_units(second={"entry_date": NEXT_DAY + DAYS}),
     two_units(first={"exit_date": SOME_DAY}, second={"entry_date": SOME_DAY})),
    ("GRP-064", {"entry_date": LAST + DAYS, "exit_date": LAST + DAYS}, {"entry_date": LAST, "exit_date": LAST}),
    ("GRP-065", {"entry_date": LAST, "exit_date": LAST + DAYS}, {"exit_date": LAST}),
    ("GRP-077", {"entry_date": date(1983, 12, 31), "unscheduled": None},
     {"entry_date": date(1984, 1, 1), "unscheduled": None}),
]  # fmt: skip
MODES: list[tuple[str, Stay, Stay]] = [
    ("GRP-024", {"entry_mode": None}, {"entry_mode": "8"}),
    ("GRP-025", {"entry_mode": "8", "entry_origin": "6"}, {"entry_mode": "7", "entry_origin": "6"}),
    ("GRP-026", SERVICE | {"exit_mode": "8", "exit_destination": None}, SERVICE),
    ("GRP-027", two_units(second={"entry_mode": "8", "entry_origin": None}), two_units()),
    ("GRP-033", {"exit_mode": None}, {"exit_mode": "9"}),
    ("GRP-034", {"exit_mode": "9", "exit_destination": "1"}, {"exit_mode": "8", "exit_destination": "7"}),
    ("GRP-035", {"exit_mode": "6", "exit_destination": "1"}, {"exit_mode": "6", "exit_destination": "2"}),
    ("GRP-049", two_units(first={"exit_mode": "9", "exit_destination": None}), two_units(second={"exit_mode": "9"})),
    ("GRP-050", SERVICE | {"exit_date": NEXT_DAY + DAYS}, SERVICE | {"exit_date": SOME_DAY}),
    ("GRP-053", {"entry_mode": "7"}, {"entry_mode": "7", "entry_origin": "1"}),
    ("GRP-054", {"exit_mode": "6"}, {"exit_mode": "6", "exit_destination": "4"}),
    ("GRP-257", NEWBORN | {"emergency_passage": "5"}, BABY | {"emergency_passage": "5"}),
]  # fmt: skip
FIELDS: list[tuple[str, Stay, Stay]] = [
    ("GRP-062", {"unit_code": None}, {"unit_code": "MATE"}),
    ("GRP-081", {"residence_code": "2A004"}, {"residence_code": "99109"}),
    ("GRP-083", {"reserved": "X"}, {"reserved": None}),
    ("GRP-169", {"severity_score": "4O"}, {"severity_score": "040"}),
    ("GRP-184", {"residence_code": "0110"}, {"residence_code": "01100"}),
    ("GRP-121", {"coding_confirmed": "3"}, {"coding_confirmed": "2"}),
    ("GRP-122", {"radiotherapy_machine": "5"}, {"radiotherapy_machine": "4"}),
    ("GRP-123", {"dosimetry_type": "0"}, {"dosimetry_type": "1"}),
    ("GRP-151", {"conversion": "O"}, {"conversion": "1"}),
    ("GRP-188", {"raac": "3"}, {"raac": "2"}),
    ("GRP-195", {"context_surveillance": "A"}, {"context_surveillance": "1"}),
    ("GRP-196", {"hospital_reserve": "0"}, {"hospital_reserve": "2"}),
    ("GRP-197", {"tariff_ruling": "9"}, {"tariff_ruling": "1"}),
    ("GRP-198", {"intervention_category": "D"}, {"intervention_category": "C"}),
    ("GRP-251", {"unscheduled": "3"}, {"unscheduled": "1"}),
    ("GRP-252", {"unscheduled": None}, {"unscheduled": None, "birth_date": date(1951, 2, 3)}),
    ("GRP-253", two_units(second={"unscheduled": "1"}), two_units(second={"unscheduled": None})),
    ("GRP-256", {"emergency_passage": "Z"}, {"emergency_passage": "V"}),
]  # fmt: skip
SESSIONS: list[tuple[str, Stay, Stay]] = [
    ("GRP-036", {"session_count": "1X"}, {"session_count": None}),
    ("GRP-037", two_units(second={"session_count": "01"}), two_units(session_count="00")),
    ("GRP-066", SESSION | {"session_count": "-1"}, SESSION | {"session_count": "31", "exit_date": date(2026, 3, 10)}),
    ("GRP-145", SESSION | {"session_count": "00"}, SESSION | {"session_count": "00", "exit_date": NEXT_DAY}),
    ("GRP-146", SESSION | {"session_count": "02"}, SESSION | {"session_count": "02", "exit_date": NEXT_DAY}),
    ("GRP-150", two_units(ghm_cmd="28"), {"ghm_cmd": "28"}),
    ("GRP-187", SESSION | {"related_diagnosis": None}, SESSION | {"related_diagnosis": None, "ghm_cmd": "17"}),
]  # fmt: skip
DIAGNOSES: list[tuple[str, Stay, Stay]] = [
    ("GRP-041", {"principal_diagnosis": "I50.1"}, {"principal_diagnosis": "F03+01"}),
    ("GRP-042", {"associated": ["I10", None]}, {"associated": ["I10", "J961+0", "E1190"]}),
    ("GRP-051", {"related_diagnosis": "C50+0+"}, {"related_diagnosis": "C169+0"}),
    ("GRP-113", {"principal_diagnosis": "B900"}, {"related_diagnosis": "B900"}),
    ("GRP-114", {"principal_diagnosis": "W190"}, {"associated": ["W190"]}),
    ("GRP-115", {"principal_diagnosis": "K359"}, {"principal_diagnosis": "K358"}),
    ("GRP-116", {"related_diagnosis": "T149"}, {"associated": ["T149"]}),
    ("GRP-117", {"related_diagnosis": "T76"}, {"associated": ["T76"]}),
    ("GRP-118", {"related_diagnosis": "K359"}, {"related_diagnosis": "I10"}),
    ("GRP-119", {"associated": ["I10", "K359"]}, {"associated": ["I10", "K358"]}),
    ("GRP-130", ADULT | {"principal_diagnosis": "O990", "birth_date": date(2015, 2, 3)},
     ADULT | {"principal_diagnosis": "O990", "birth_date": date(2015, 2, 2)}),
    ("GRP-131", ADULT | {"related_diagnosis": "O990", "birth_date": date(2015, 2, 3)},
     ADULT | {"related_diagnosis": "O990"}),
    ("GRP-132", MOTHER | {"principal_diagnosis": "Q000", "birth_date": date(2015, 2, 3)}, MOTHER),
    ("GRP-133", ADULT | {"principal_diagnosis": "P070"},
     BABY | {"principal_diagnosis": "P070", "birth_date": date(2024, 2, 3)}),
    ("GRP-134", ADULT | {"related_diagnosis": "Z380"}, BABY | {"related_diagnosis": "Z380"}),
    ("GRP-135", ADULT | {"associated": ["I10", "P070"], "birth_date": date(2024, 2, 2)},
     ADULT | {"associated": ["I10", "P070"], "birth_date": date(2024, 2, 3)}),
]  # fmt: skip
BIRTHS: list[tuple[str, Stay, Stay]] = [
    ("GRP-082", {"newborn_weight": "32OO"}, NEWBORN),
    ("GRP-125", {"gestational_age": "3X"}, {"gestational_age": "00"}),
    ("GRP-126", NEWBORN | {"gestational_age": "00"},
     two_units(NEWBORN, {"principal_diagnosis": "Z380"}, birth_date=SOME_DAY, unscheduled=None)),
    ("GRP-127", NEWBORN | {"gestational_age": "21", "newborn_weight": "0500"},
     NEWBORN | {"gestational_age": "21", "newborn_weight": "0500", "exit_mode": "9"}),
    ("GRP-128", {"newborn_weight": "0099"}, {"newborn_weight": "0100"}),
    ("GRP-129", NEWBORN | {"newborn_weight": "0999"}, NEWBORN | {"newborn_weight": "1000"}),
    ("GRP-143", STILLBORN | {"exit_mode": "8"}, STILLBORN),
    ("GRP-147", STILLBORN | {"exit_date": NEXT_DAY}, STILLBORN | {"principal_diagnosis": "P95+1"}),
    ("GRP-160", {"sex": "2", "last_menses": "0505202X"}, {"sex": "2", "last_menses": "05122025"}),
    ("GRP-161", {"sex": "2", "last_menses": "31022025"}, {"sex": "2", "last_menses": "28122025"}),
    ("GRP-162", MOTHER | {"last_menses": None}, MOTHER | {"last_menses": None, "associated": [], "ghm_suffix": "C04"}),
    ("GRP-163", two_units(first=MOTHER | {"last_menses": "05052025"}, second=MOTHER | {"last_menses": "06052025"}),
     two_units(second={"last_menses": None, "associated": []}, **MOTHER)),
    ("GRP-164", ADULT | {"last_menses": "05122025"}, ADULT | {"last_menses": "05122025", "sex": "2"}),
    ("GRP-165", MOTHER | {"last_menses": "03022026"}, MOTHER | {"last_menses": "02022026"}),
    ("GRP-166", MOTHER | {"last_menses": "02042025"}, MOTHER | {"last_menses": "03042025"}),
    ("GRP-168", NEWBORN | {"newborn_weight": "0000"},
     BABY | {"newborn_weight": None, "birth_date": SOME_DAY - 29 * DAYS}),
    ("GRP-190", NEWBORN | {"birth_date": SOME_DAY - DAYS}, BABY | {"birth_date": SOME_DAY - DAYS}),
    ("GRP-191", NEWBORN | {"principal_diagnosis": "Z381"}, BABY | {"principal_diagnosis": "Z381"}),
]  # fmt: skip
ACTS: list[tuple[str, Stay, Stay]] = [
    ("GRP-043", act(ccam_code="DEQP03"), act(ccam_code="DEQP004")),
    ("GRP-052", act(execution_count="00"), act(execution_count="12")),
    ("GRP-078", act(ccam_code="AAFA001"), act(ccam_code="AAFA003")),
    ("GRP-079", act(ccam_code="AAFA002"), act(ccam_code="AAFA003", act_date="05022026")),
    ("GRP-102", act(act_date="06022026"), act(act_date="05022026")),
    ("GRP-103", act(activity="6"), act(activity="1")),
    ("GRP-112", acts({"ccam_code": "YYYY600"}), two_units(first=act(ccam_code="YYYY600"), second=act())),
    ("GRP-148", act(ccam_code="JKFA001"), act(ccam_code="JKFA001") | {"sex": "2"}),
    ("GRP-167", act(activity="2"), acts({"activity": "2"}, {})),
    ("GRP-170", acts({}, {"activity": "4"}), acts({}, {"activity": "4", "documentary_extension": "A"})),
    ("GRP-173", act(documentary_extension="O"), act(documentary_extension="0")),
    ("GRP-185", act(pmsi_extension="01"), act(pmsi_extension="-01")),
    ("GRP-186", act(ccam_code="AHGA801", pmsi_extension="-09"), act(ccam_code="AHGA801", pmsi_extension="-02")),
    ("GRP-192", act(ccam_code="AHGA801", pmsi_extension="-00"), act(ccam_code="DEQP003", pmsi_extension="-00")),
    ("GRP-193", act(ccam_code="AHGA801", pmsi_extension="-03"),
     act(ccam_code="AHGA801", pmsi_extension="-03", act_date="01022026") | {"entry_date": date(2026, 2, 1)}),
    ("GRP-194", act(ccam_code="AHGA801", pmsi_extension="-04"),
     act(ccam_code="AHGA801", pmsi_extension="-04") | {"exit_date": date(2026, 2, 6)}),
]  # fmt: skip
CASES = IDENTITY + DATES + MODES + FIELDS + SESSIONS + DIAGNOSES + BIRTHS + ACTS
MORE: list[tuple[str, Stay]] = [  # other ways to fire the same control
    ("GRP-026", {"entry_mode": "6", "entry_origin": "1"}),
    ("GRP-026", {"exit_mode": "0", "exit_destination": "1", "exit_date": NEXT_DAY}),
    ("GRP-027", two_units(second={"entry_mode": "0"})),
    ("GRP-049", two_units(first={"exit_mode": "6", "exit_destination": "2"})),
    ("GRP-052", act(execution_count=None)),
    ("GRP-102", act(act_date=None)),
    ("GRP-102", act(act_date="31022026") | {"exit_date": date(2026, 3, 5)}),
    ("GRP-102", act(act_date="3 022026")),
    ("GRP-102", act(act_date="01022026")),
    ("GRP-103", act(activity=None)),
    ("GRP-112", act(ccam_code="YYYY600") | {"unit_code": "MATE"}),
    ("GRP-113", {"principal_diagnosis": "T149"}),
    ("GRP-114", {"principal_diagnosis": "T76"}),
    ("GRP-117", {"related_diagnosis": "Y830"}),
    ("GRP-126", MOTHER | {"gestational_age": None}),
    ("GRP-127", {"gestational_age": "45"}),
    ("GRP-129", NEWBORN | {"gestational_age": "32", "newborn_weight": "4001"}),
    ("GRP-129", NEWBORN | {"gestational_age": "28", "newborn_weight": "2501"}),
    ("GRP-162", {"sex": "2", "ghm_cmd": "14", "ghm_suffix": "Z14"}),
    ("GRP-184", {"residence_code": None}),
    ("GRP-187", SESSION | {"related_diagnosis": None, "exit_date": NEXT_DAY}),
    ("GRP-192", act(ccam_code="AHGA801")),
]
