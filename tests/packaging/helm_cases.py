"""Lint and render a chart with Helm, for each case of values on stdin; JSON on stdout.

Run by the Python that has `helm_python`, which binds Helm's own library.
"""

import json
import sys

from helm_python import HelmError, chart

folder = sys.argv[1]
found = []
with chart.Chart.load(folder) as loaded:
    for values in json.load(sys.stdin):
        case = {"lint": chart.lint(folder, values, strict=True)["messages"]}
        try:
            loaded.validate_schema(values)
            case["files"] = loaded.render(values, name="sms", namespace="esims")
        except HelmError as error:
            case["problem"] = str(error)
        found.append(case)
sys.stdout.write(json.dumps(found))
