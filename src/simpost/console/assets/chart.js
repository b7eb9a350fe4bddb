// Draws the messages by hour. Without scripts the table below the place of the chart has them.
"use strict";

(() => {
  const place = document.querySelector(".chart[data-source]");
  if (!place || typeof uPlot === "undefined") return;
  const HEIGHT = 180;
  const TIMES = [
    [86400, "{MM}-{DD}", null, null, null, null, null, null, 1],
    [3600, "{HH}:00", null, null, "\n{MM}-{DD}", null, null, null, 1],
  ];
  const STEPS = [1, 2, 5].flatMap((digit) => [...Array(8).keys()].map((power) => digit * 10 ** power))
    .sort((one, other) => one - other);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let chart = null;
  let data = null;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const line = (label, name, dash) => ({
    label, stroke: color(name), width: 2, dash, points: { show: false },
    value: (_, count) => (count === null ? "-" : count.toLocaleString("en")),
  });

  const axis = () => ({
    stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 }, font: "12px system-ui, sans-serif",
  });

  const draw = () => {
    if (chart) chart.destroy();
    chart = new uPlot({
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_, low, high) => [0, Math.max(5, high * 1.05)] } },
      series: [
        { label: "Hour (UTC)", value: "{YYYY}-{MM}-{DD} {HH}:00" },
        line("accepted", "--link"),
        line("delivered", "--good"),
        line("failed, expired or rejected", "--bad", [6, 3]),
      ],
      axes: [{ ...axis(), values: TIMES }, { ...axis(), size: 60, incrs: STEPS }],
    }, data, place);
  };

  fetch(place.dataset.source, { headers: { "HX-Request": "true" } })
    .then((response) => (response.ok ? response.json() : Promise.reject(response.status)))
    .then((found) => {
      data = [found.at, found.accepted, found.delivered, found.lost];
      if (!found.at.length) return;
      draw();
      place.dataset.drawn = "yes";
      new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
      scheme.addEventListener("change", draw);
    })
    .catch(() => { place.hidden = true; });
})();
