using System.CommandLine;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Terminal;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A command as it runs.</summary>
/// <param name="Parsed">What was asked for, checked.</param>
/// <param name="Display">Where progress and messages go.</param>
/// <param name="Clock">The time.</param>
/// <param name="CancellationToken">Ctrl+C.</param>
internal sealed record ToolRun(ParseResult Parsed, ProgressDisplay Display, TimeProvider Clock, CancellationToken CancellationToken)
{
    /// <summary>The files that walks over folders passed over so far.</summary>
    public List<LeftOutFiles> LeftOut { get; } = [];

    /// <summary>Tells whether somebody can be asked: at a terminal, and not by a program that reads JSON.</summary>
    public bool CanAsk => Answers is not null && !Parsed.GetValue(ToolCommand.Json);

    private TextReader? Answers => (Parsed.InvocationConfiguration as ToolInvocation)?.Answers ?? (Console.IsInputRedirected || Console.IsErrorRedirected ? null : Console.In);

    /// <summary>Asks a question and waits for a line; null: there is nobody any more.</summary>
    public string? Ask(string question)
    {
        Say(question);
        return Answers?.ReadLine();
    }

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T Need<T>(Option<T> option) => Parsed.GetRequiredValue(option);

    public T Need<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    /// <summary>Tells people how things go; programs read standard output.</summary>
    public void Say(string line) => Display.WriteLine(TerminalText.OfLine(line));

    /// <summary>Begins work that may take long: its progress is shown, and Ctrl+C stops it at the next <see cref="WorkMeter.Advance"/>. Disposing of it ends the work.</summary>
    /// <param name="work">What is counted, such as "photographs embedded".</param>
    /// <param name="total">How many there are; null: not known beforehand.</param>
    public WorkMeter Begin(string work, long? total) => new WorkObserver(log: null, Display.Show, CancellationToken, Clock).Begin(work, total);

    /// <summary>Loads the photographs of a folder, one folder a person; what is passed over is kept in <see cref="LeftOut"/>.</summary>
    public IDataView LoadFromFolder(FaceRecognitionCatalog faces, DirectoryInfo folder, bool skipUnusable = false)
    {
        IDataView photographs = faces.LoadFromFolder(folder.FullName, skipUnusable ? UnreadableImages.Skip : UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);
        LeftOut.AddRange(leftOut);
        return photographs;
    }

    /// <summary>Loads the photographs of a folder and of those below it, whoever is on them; what is passed over is kept in <see cref="LeftOut"/>.</summary>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public IDataView LoadOfAnybody(FaceRecognitionCatalog faces, Option<DirectoryInfo> option, DirectoryInfo folder, bool skipUnusable)
    {
        IReadOnlyList<string> paths = faces.FindPhotographs(folder.FullName, skipUnusable ? UnreadableImages.Skip : UnreadableImages.Error, out IReadOnlyList<LeftOutFiles> leftOut);
        LeftOut.AddRange(leftOut);
        return paths.Count > 0
            ? FaceFile.ToView([.. paths.Select(path => Path.GetRelativePath(folder.FullName, path)).Select(path => new FaceFile(folder.FullName, path, path.Replace(Path.DirectorySeparatorChar, '/'), label: ""))])
            : throw new InvalidOperationException($"{option.Name} is '{folder}', which holds no photographs, nor do the folders below it. Give a folder with jpg, png, bmp or webp files.");
    }

    /// <summary>A context on the GPU that --gpu names, whose warnings, and with --verbose whose log, go to standard error.</summary>
    /// <param name="seed">Start of all random numbers.</param>
    public MLContext CreateContext(int? seed = null)
    {
        var ml = new MLContext(seed) { GpuDeviceId = Parsed.GetValue(ToolCommand.Gpu), FallbackToCpu = false };
        ml.TempFilePath = Get(ToolCommand.TemporaryFolder)?.FullName ?? ml.TempFilePath;
        _ = new LogPrinter(ml, Parsed.GetValue(ToolCommand.Verbose), line => Display.WriteLine(ToolWords.Of(line)));
        return ml;
    }

    /// <summary>Enters the library so that long work shows its progress, and stops with Ctrl+C.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="listener">Is told of progress too; null: nobody is.</param>
    public FaceRecognitionCatalog FaceRecognition(MLContext ml, Action<FaceProgress>? listener = null) => new(ml, ml.Observe(listener + Display.Show, CancellationToken, Clock));
}
