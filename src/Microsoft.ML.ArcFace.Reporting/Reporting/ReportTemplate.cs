using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Fluid;

namespace Microsoft.ML.ArcFace.Reporting;

/// <summary>Fills report.html, the page's template (Liquid). Everything is encoded, but for the charts, which are SVG already.</summary>
internal static class ReportTemplate
{
    private const string ResourceName = "Microsoft.ML.ArcFace.Reporting.report.html";

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);
    private static readonly TemplateOptions Options = new() { MemberAccessStrategy = new UnsafeMemberAccessStrategy(), StrictVariables = true };
    private static readonly Lazy<IFluidTemplate> Template = new(Parse);

    public static void Write(ReportPage page, Stream stream)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        writer.Write(Template.Value.Render(new TemplateContext(page, Options), Encoder));
    }

    private static IFluidTemplate Parse()
    {
        using Stream resource = typeof(ReportTemplate).Assembly.GetManifestResourceStream(ResourceName)!;
        using var reader = new StreamReader(resource);
        return new FluidParser().Parse(reader.ReadToEnd());
    }
}
