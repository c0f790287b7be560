using System.CommandLine;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A command as it runs.</summary>
/// <param name="Parsed">What was asked for, checked.</param>
/// <param name="Error">Where progress goes.</param>
/// <param name="CancellationToken">Ctrl+C.</param>
internal sealed record ToolRun(ParseResult Parsed, TextWriter Error, CancellationToken CancellationToken)
{
    /// <summary>What walks over folders passed over so far.</summary>
    public List<LeftOutFiles> LeftOut { get; } = [];

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T Need<T>(Option<T> option) => Parsed.GetRequiredValue(option);

    public T Need<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    /// <summary>Tells people how things go; programs read standard output.</summary>
    public void Say(string line) => Error.WriteLine(line);

    /// <summary>The photographs of a folder, one folder a person; what is passed over is kept in <see cref="LeftOut"/>.</summary>
    public IDataView LoadFromFolder(FaceRecognitionCatalog faces, DirectoryInfo folder, bool skipUnusable = false)
    {
        IDataView photographs = faces.LoadFromFolder(folder.FullName, skipUnusable ? UnreadableImages.Skip : UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);
        LeftOut.AddRange(leftOut);
        return photographs;
    }

    /// <summary>A context on the GPU that --gpu names, whose warnings, and with --verbose whose log, go to standard error.</summary>
    /// <param name="seed">Start of all random numbers.</param>
    public MLContext CreateContext(int? seed = null)
    {
        var ml = new MLContext(seed) { GpuDeviceId = Parsed.GetValue(ToolCommand.Gpu), FallbackToCpu = false };
        _ = new LogPrinter(ml, Parsed.GetValue(ToolCommand.Verbose), Error);
        return ml;
    }
}
