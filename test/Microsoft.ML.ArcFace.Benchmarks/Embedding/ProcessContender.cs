using System.Globalization;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>This package in a process of its own: without AVX-512, or of another build.</summary>
internal sealed class ProcessContender : IContender
{
    /// <summary>The name of the command that <see cref="Run"/> answers.</summary>
    public const string Command = "embedding-contender";

    private readonly ContenderProcess _process;

    private ProcessContender(string name, ContenderProcess process) => (Name, _process) = (name, process);

    public string Name { get; }

    /// <summary>Starts a process whose runtime hides AVX-512, so that ours computes with AVX2.</summary>
    public static ProcessContender WithoutAvx512(Race race) => new(
        "ArcFace float32, AVX2", ContenderProcess.StartOwn(null, new Dictionary<string, string> { ["DOTNET_EnableAVX512"] = "0" }, Arguments(race, InferencePrecision.Float32)));

    /// <summary>Starts a process of this build, or of another one.</summary>
    /// <param name="race">What it is given.</param>
    /// <param name="precision">Its arithmetic.</param>
    /// <param name="folder">The folder of this program with the library of the other build; null for this build.</param>
    public static ProcessContender OfBuild(Race race, InferencePrecision precision, string? folder) => new(
        $"{(folder is null ? "this" : "the other")} build, {precision.ToString().ToLowerInvariant()}", ContenderProcess.StartOwn(folder, new Dictionary<string, string>(), Arguments(race, precision)));

    public float[][] Embed() => _process.Ask<float[][]>("embed");

    public Cost MeasureAll() => _process.Ask<Cost>("all");

    public Cost MeasureSingle() => _process.Ask<Cost>("single");

    /// <summary>Billion multiply-adds a second that one thread of that process makes.</summary>
    public double MeasureRate() => _process.Ask<double>("rate");

    public void Dispose() => _process.Dispose();

    /// <summary>Answers as this package.</summary>
    public static void Run(string[] arguments)
    {
        (Race race, InferencePrecision precision) = Parse(arguments);
        TorchSharp.torch.set_num_threads(race.Threads);
        Microsoft.ML.ArcFace.Runtime.ProcessorThreads.CountBy(() => race.Threads);
        using PipelineContender contender = PipelineContender.OfArcFace(race, precision);
        ContenderProcess.Answer(new Dictionary<string, Func<object>>
        {
            ["embed"] = contender.Embed,
            ["all"] = () => ((IContender)contender).MeasureAll(),
            ["single"] = () => contender.MeasureSingle(),
            ["rate"] = () => MultiplyAddRate.Measure(),
        });
    }

    private static string[] Arguments(Race race, InferencePrecision precision)
    {
        string list = Path.Combine(race.Folder, "files.txt");
        File.WriteAllLines(list, race.Files);
        return [Command, race.Backbone.ToShortName(), list, race.BatchSize.ToString(CultureInfo.InvariantCulture), race.Threads.ToString(CultureInfo.InvariantCulture), precision.ToString()];
    }

    private static (Race Race, InferencePrecision Precision) Parse(string[] arguments) => (
        new Race(BackboneArchitectures.Parse(arguments[0]), File.ReadAllLines(arguments[1]), int.Parse(arguments[2], CultureInfo.InvariantCulture), int.Parse(arguments[3], CultureInfo.InvariantCulture), Path.GetDirectoryName(arguments[1])!),
        Enum.Parse<InferencePrecision>(arguments[4]));
}
