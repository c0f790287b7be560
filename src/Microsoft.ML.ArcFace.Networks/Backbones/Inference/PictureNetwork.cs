using System.Diagnostics;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>
/// A network with any number of outputs as it is computed for single pictures of one size, in float32, by the steps of an
/// <see cref="InferenceNetwork"/>. Any number of threads may compute at once, each in memory of its own.
/// </summary>
internal sealed class PictureNetwork : IDisposable
{
    /// <summary>How often a thread looks at the clock within a step.</summary>
    private const int PiecesOfStep = 16;

    private readonly FeatureMap _input;
    private readonly OutputReader[] _outputs;
    private readonly InferenceStep[] _steps;
    private readonly BufferPlan _plan;
    private readonly Func<int> _threads;

    /// <summary>Builds the steps of a network from its description and weights.</summary>
    /// <param name="network">The network; its input is a picture [batch, channels, height, width].</param>
    /// <param name="weights">Its weights by name; they are copied.</param>
    /// <param name="width">The registers to compute with, of those that the processor has.</param>
    /// <param name="threads">How many threads may work at a call.</param>
    /// <param name="mostBytes">What its weights and maps may take.</param>
    /// <exception cref="WeightsFormatException">A node cannot be computed, or it takes more memory; the message names the node.</exception>
    public PictureNetwork(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> weights, VectorWidth width, Func<int> threads, long mostBytes)
    {
        long mostValues = mostBytes / sizeof(float);
        var folded = FoldedNetwork.Of(network, weights);
        var outputs = PictureOutputs.Of(folded);
        var builder = new InferenceNetworkBuilder(outputs.Folded, StepFactory.For(width, bfloat16: null), useBFloat16: false, mostValues);
        _input = builder.Input;
        _outputs = [.. outputs.Ends.Select(end => end.ReaderOf(folded.Network, outputs.Folded.Network.ShapeOf(end.Value), builder.MapOf(end.Value)))];
        HeldValues = builder.HeldValues + _outputs.Sum(output => (long)output.Length);
        _threads = threads;
        _steps = builder.MakeSteps();
        try
        {
            _plan = new BufferPlan(_input, _steps, [.. _outputs.Select(output => output.Map)], mostValues);
        }
        catch
        {
            Array.ForEach(_steps, step => step.Dispose());
            throw;
        }
    }

    /// <summary>Numbers that the steps hold, such as weights.</summary>
    public long HeldValues { get; }

    /// <summary>Numbers that a pass needs memory for.</summary>
    public long MapValues => _plan.ValuesOfImage;

    /// <summary>Computes all outputs of a picture, each row by row as its sizes say.</summary>
    /// <param name="picture">[height, width, channels].</param>
    /// <param name="room">Memory of at least <see cref="MapValues"/>, which nobody else uses meanwhile.</param>
    /// <param name="longest">After this time it is given up.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    public unsafe float[][] Run(ReadOnlySpan<float> picture, NativeFloats room, TimeSpan longest)
    {
        long begin = Stopwatch.GetTimestamp();
        nint[] addresses = _plan.Within(room);
        MapMemory At(FeatureMap? map) => map is null ? default : new MapMemory(addresses[map.Buffer]);
        float* input = (float*)At(_input).Address;
        _input.FillBorder((nint)input, 1);
        int rowLength = _input.Width * _input.Channels;
        for (int row = 0; row < _input.Height; row++)
        {
            picture.Slice(row * rowLength, rowLength).CopyTo(new Span<float>(input + _input.Offset(0, row, 0), rowLength));
        }

        foreach (InferenceStep step in _steps)
        {
            var memory = new StepMemory(At(step.Input), At(step.Output), At(step.Shortcut));
            step.Output.FillBorder(memory.Output.Address, 1);
            RunStep(step, memory, begin, longest);
        }

        return Array.ConvertAll(_outputs, output => output.Read(At(output.Map)));
    }

    public void Dispose() => Array.ForEach(_steps, step => step.Dispose());

    /// <summary>A step on all threads, each of which looks at the clock several times.</summary>
    private void RunStep(InferenceStep step, StepMemory memory, long begin, TimeSpan longest)
    {
        int parts = step.PartCount(1), threads = _threads(), pieces = Math.Min(PiecesOfStep, parts), slices = Math.Min(threads, parts);
        ParallelLoop.Run(slices, threads, slice =>
        {
            for (int piece = 0; piece < pieces; piece++)
            {
                step.Run(memory, 1, Part((slice * pieces) + piece), Part((slice * pieces) + piece + 1));
                if (Stopwatch.GetElapsedTime(begin) > longest)
                {
                    throw new TimeoutException();
                }
            }
        });

        int Part(int piece) => (int)((long)parts * piece / ((long)slices * pieces));
    }
}
