using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Benchmarks.Heads;

/// <summary>
/// One training step of a head (forward, backward, SGD with momentum and weight decay) for a large number of people:
/// all of them scored, by plain softmax and by ArcFace, and a sample of them. Each in a process of its own, whose peak
/// memory is read at the end.
/// </summary>
internal static class PartialFcComparison
{
    private const double Momentum = 0.9, WeightDecay = 5e-4, LearningRate = 0.1;

    private static readonly string[] Kinds = ["softmax", "arcface", "sampled"];

    public static void Run(long classes, double rate, int rounds, string? kind)
    {
        if (kind is not null)
        {
            Console.WriteLine(JsonSerializer.Serialize(Measure(classes, rate, rounds, kind)));
            return;
        }

        Console.WriteLine(Text($"{classes} people × {HeadStep.EmbeddingSize}, batch {HeadStep.BatchSize}, {rounds} steps each"));
        Console.WriteLine("| head | median ms a step | processor ms | peak memory MB | of it before the first step MB |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (string one in Kinds)
        {
            PartialFcResult result = MeasureApart(classes, rate, rounds, one);
            string name = one switch { "softmax" => "Softmax, all people", "arcface" => "ArcFace, all people", _ => Text($"ArcFace, a sample of {rate:0.##}") };
            Console.WriteLine(Text($"| {name} | {result.MedianMilliseconds:0} | {result.ProcessorMilliseconds:0} | {result.PeakMegabytes:0} | {result.IdleMegabytes:0} |"));
        }
    }

    private static PartialFcResult MeasureApart(long classes, double rate, int rounds, string kind)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            start.ArgumentList.Add(typeof(PartialFcComparison).Assembly.Location);
        }

        foreach (string argument in (string[])["partial-fc", "--kind", kind, "--classes", Text($"{classes}"), "--rate", Text($"{rate}"), "--rounds", Text($"{rounds}")])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<PartialFcResult>(output)!
            : throw new InvalidOperationException($"Measuring '{kind}' ended with code {process.ExitCode}; with {classes} people it may have run out of memory. Take fewer --classes.");
    }

    /// <summary>One kind, in this process.</summary>
    public static PartialFcResult Measure(long classes, double rate, int rounds, string kind)
    {
        manual_seed(1);
        FaceLoss loss = kind == "softmax" ? new SoftmaxLoss() : new ArcFaceLoss();
        using var head = (ClassificationHead)loss.CreateHead(HeadStep.EmbeddingSize, classes, scale: 64);
        Action<Tensor, Tensor> step = kind == "sampled" ? Sampled(head, rate) : Whole(head);
        double idle = Process.GetCurrentProcess().WorkingSet64 / 1e6;

        double[] milliseconds = new double[rounds], processor = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            using var scope = NewDisposeScope();
            Tensor embeddings = randn(HeadStep.BatchSize, HeadStep.EmbeddingSize, requires_grad: true);
            Tensor labels = randint(0, classes, [HeadStep.BatchSize], dtype: ScalarType.Int64);
            TimeSpan used = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            step(embeddings, labels);

            // The first step is not counted: it allocates.
            milliseconds[Math.Max(round, 0)] = clock.Elapsed.TotalMilliseconds;
            processor[Math.Max(round, 0)] = (Environment.CpuUsage.TotalTime - used).TotalMilliseconds;
        }

        using Process process = Process.GetCurrentProcess();
        return new PartialFcResult(milliseconds.Order().ElementAt(rounds / 2), processor.Order().ElementAt(rounds / 2), process.PeakWorkingSet64 / 1e6, idle);
    }

    private static Action<Tensor, Tensor> Whole(ClassificationHead head)
    {
        var optimizer = new ParameterOptimizer(new MomentumRule(Momentum, WeightDecay), ParameterGroup.Of(head, "head"));
        return (embeddings, labels) =>
        {
            head.forward(embeddings, labels).backward();
            optimizer.Step(LearningRate);
            optimizer.ForgetGradients();
        };
    }

    private static Action<Tensor, Tensor> Sampled(ClassificationHead head, double rate)
    {
        var sampler = new CenterSampler(head, rate);
        var optimizer = new SampledRowsOptimizer(new MomentumRule(Momentum, WeightDecay), sampler);
        return (embeddings, labels) =>
        {
            using CenterSample sample = sampler.Take(labels);
            head.forward(embeddings, labels, new LossStep(Sample: sample)).backward();
            optimizer.Step(sample, LearningRate);
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What one process measured.</summary>
internal sealed record PartialFcResult(double MedianMilliseconds, double ProcessorMilliseconds, double PeakMegabytes, double IdleMegabytes);
