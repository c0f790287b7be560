using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>Draws the map of embeddings; the people with the most pictures have colours and shapes, the others are grey.</summary>
internal static class MapChart
{
    private static readonly (MarkerType Type, string Path)[] Shapes =
        [(MarkerType.Circle, LegendMarker.Circle), (MarkerType.Square, LegendMarker.Square), (MarkerType.Triangle, LegendMarker.Triangle), (MarkerType.Diamond, LegendMarker.Diamond)];

    public static PlotModel Create(EmbeddingMap map, IReadOnlyDictionary<string, string> personOf)
    {
        PlotModel chart = ChartStyle.Chart(ChartStyle.Linear(AxisPosition.Bottom, "First principal component"), ChartStyle.Linear(AxisPosition.Left, "Second principal component"));
        foreach (PersonOnMap person in People(map, personOf))
        {
            var series = new ScatterSeries { Title = person.Name, MarkerType = Shapes[person.Shape].Type, MarkerFill = person.Color, MarkerSize = person.MarkerSize };
            series.Points.AddRange(person.Points.Select(point => new ScatterPoint(point.X, point.Y)));
            chart.Series.Add(series);
        }

        return chart;
    }

    /// <summary>Names the people of the map. It stands beside the chart and not in it, so that long names are whole and the chart keeps its size.</summary>
    public static LegendEntry[] Legend(EmbeddingMap map, IReadOnlyDictionary<string, string> personOf) =>
        [.. People(map, personOf).Select(person => LegendMarker.Entry(person.Name, person.Color, Shapes[person.Shape].Path))];

    private static IEnumerable<PersonOnMap> People(EmbeddingMap map, IReadOnlyDictionary<string, string> personOf)
    {
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
            yield return new PersonOnMap(marked.Length == 0 ? "all" : "others", ChartStyle.Muted, 0, 2, points[-1]);
        }

        foreach ((int index, string person) in marked.Index())
        {
            yield return new PersonOnMap(PrintableText.Of(person), ChartStyle.People[index % ChartStyle.People.Length], index % Shapes.Length, 4, points[index]);
        }
    }

    private sealed record PersonOnMap(string Name, OxyColor Color, int Shape, double MarkerSize, IEnumerable<MapPoint> Points);
}
