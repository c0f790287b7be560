using System.Globalization;
using System.Xml.Linq;
using OxyPlot;

namespace Microsoft.ML.ArcFace.Reporting.Charts;

/// <summary>Draws a chart as a part of a page: it grows with the page, takes its colours, and says in words what it shows.</summary>
internal static class SvgChart
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly (string Colour, string Variable)[] Variables =
        [(AsWritten(ChartStyle.Ink), "var(--ink)"), (AsWritten(ChartStyle.Muted), "var(--muted)"), (AsWritten(ChartStyle.Grid), "var(--grid)")];

    /// <param name="chart">The chart.</param>
    /// <param name="id">Its name within the page.</param>
    /// <param name="title">What it is.</param>
    /// <param name="description">What there is to see, for those who cannot.</param>
    /// <param name="width">Width of the drawing; with <paramref name="height"/> it sets the size of the letters against the chart.</param>
    /// <param name="height">Height of the drawing.</param>
    public static string Draw(PlotModel chart, string id, string title, string description, int width, int height)
    {
        var exporter = new SvgExporter { Width = width, Height = height, IsDocument = true };
        XElement svg = XDocument.Parse(exporter.ExportToString(chart)).Root!;
        svg.Attribute("width")?.Remove();
        svg.Attribute("height")?.Remove();
        foreach (XElement text in svg.Descendants(Svg + "text"))
        {
            // A style can name a colour of the page, which is not sure of an attribute.
            text.SetAttributeValue("style", $"fill:{text.Attribute("fill")?.Value}");
            text.SetAttributeValue("fill", null);
            text.SetAttributeValue("font-family", null);
        }

        foreach (XAttribute attribute in svg.DescendantsAndSelf().Attributes().Where(attribute => !attribute.IsNamespaceDeclaration))
        {
            // Several charts stand on one page: what one defines must not serve another.
            string value = attribute.Name == "id" ? $"{id}-{attribute.Value}" : attribute.Value.Replace("url(#", $"url(#{id}-", StringComparison.Ordinal);
            attribute.Value = Variables.Aggregate(value, (text, variable) => text.Replace(variable.Colour, variable.Variable, StringComparison.Ordinal));
        }

        svg.SetAttributeValue("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {width} {height}"));
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("aria-labelledby", $"{id}-title {id}-description");
        svg.AddFirst(
            new XElement(Svg + "title", new XAttribute("id", $"{id}-title"), title),
            new XElement(Svg + "desc", new XAttribute("id", $"{id}-description"), description));
        return svg.ToString(SaveOptions.DisableFormatting);
    }

    private static string AsWritten(OxyColor colour) => $"rgb({colour.R},{colour.G},{colour.B})";
}
