using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks.Embedding;

/// <summary>PyTorch in a process of its own (peers/embed.py), which measures itself and answers line by line.</summary>
internal sealed class TorchContender : IContender
{
    private readonly Process _process;

    private TorchContender(Process process, string name) => (_process, Name) = (process, name);

    public string Name { get; }

    /// <summary>Null where Python has no PyTorch; says so.</summary>
    public static TorchContender? TryStart(Race race, string python, string precision)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "peers", "embed.py"), list = Path.Combine(race.Folder, "files.txt");
        File.WriteAllLines(list, race.Files);
        try
        {
            var start = new ProcessStartInfo(python, [script, race.Weights, race.Backbone.ToShortName(), list, race.BatchSize.ToString(CultureInfo.InvariantCulture), race.Threads.ToString(CultureInfo.InvariantCulture), precision])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            Process process = Process.Start(start)!;
            if (process.StandardOutput.ReadLine() is { } ready && ready.StartsWith("ready", StringComparison.Ordinal))
            {
                return new TorchContender(process, $"PyTorch{ready[5..]} {precision}");
            }

            process.WaitForExit();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such Python.
        }

        Console.Error.WriteLine($"PyTorch is left out: {python} has no torch or no PIL. Debian 13: apt-get install python3-torch python3-pil; another Python: --python PATH.");
        return null;
    }

    public float[][] Embed() => Ask("embed").Deserialize<float[][]>()!;

    public Cost MeasureAll() => Ask("all").Deserialize<Cost>();

    public Cost MeasureSingle() => Ask("single").Deserialize<Cost>();

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonElement Ask(string question)
    {
        _process.StandardInput.WriteLine(question);
        return JsonDocument.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("PyTorch's process has ended; what it said stands above.")).RootElement;
    }
}
