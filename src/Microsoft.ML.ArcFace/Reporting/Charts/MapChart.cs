using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>The map of embeddings; the people with the most pictures have colours and shapes, the others are grey.</summary>
internal static class MapChart
{
    private const int NameLength = 24;

    private static readonly MarkerType[] Shapes = [MarkerType.Circle, MarkerType.Square, MarkerType.Triangle, MarkerType.Diamond];

    public static PlotModel Create(EmbeddingMap map, IReadOnlyDictionary<string, string> personOf)
    {
        PlotModel chart = ChartStyle.Chart(ChartStyle.Linear(AxisPosition.Bottom, "First principal component"), ChartStyle.Linear(AxisPosition.Left, "Second principal component"));
        string[] marked =
        [
            .. map.Points.Select(point => personOf.GetValueOrDefault(point.Picture, "")).Where(person => person.Length > 0)
                .CountBy(person => person, StringComparer.Ordinal).OrderByDescending(person => person.Value).ThenBy(person => person.Key, StringComparer.Ordinal)
                .Take(2 * ChartStyle.People.Length).Select(person => person.Key),
        ];
        Dictionary<string, int> indexOf = marked.Index().ToDictionary(person => person.Item, person => person.Index, StringComparer.Ordinal);
        ILookup<int, MapPoint> points = map.Points.ToLookup(point => indexOf.GetValueOrDefault(personOf.GetValueOrDefault(point.Picture, ""), -1));
        if (points[-1].Any())
        {
            Add(chart, marked.Length == 0 ? "all" : "others", ChartStyle.Muted, MarkerType.Circle, 2, points[-1]);
        }

        foreach ((int index, string person) in marked.Index())
        {
            Add(chart, Short(PrintableText.Of(person)), ChartStyle.People[index % ChartStyle.People.Length], Shapes[index % Shapes.Length], 4, points[index]);
        }

        Legend legend = ChartStyle.Legend(LegendPosition.RightTop);
        legend.LegendPlacement = LegendPlacement.Outside;
        chart.Legends.Add(legend);
        return chart;
    }

    private static void Add(PlotModel chart, string title, OxyColor colour, MarkerType shape, double size, IEnumerable<MapPoint> points)
    {
        var series = new ScatterSeries { Title = title, MarkerType = shape, MarkerFill = colour, MarkerSize = size };
        series.Points.AddRange(points.Select(point => new ScatterPoint(point.X, point.Y)));
        chart.Series.Add(series);
    }

    private static string Short(string name) => name.Length <= NameLength ? name : name[..(NameLength - 1)] + "…";
}
