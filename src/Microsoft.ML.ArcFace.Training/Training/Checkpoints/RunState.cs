using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// What a checkpoint keeps of a run. The run's parts pass their numbers and tensors through it by name, in one method for
/// both ways: saving, it takes note of them and gives them back; loading, it gives those that were saved.
/// </summary>
internal abstract class RunState
{
    /// <summary>Saves or loads numbers.</summary>
    /// <param name="name">What they are called within their part.</param>
    /// <param name="values">The present ones, which are saved.</param>
    /// <param name="count">How many there must be, if there are any.</param>
    /// <returns>Those to go on with.</returns>
    public abstract double[] Numbers(string name, double[] values, int count);

    /// <summary>Saves tensors, or writes to them what was saved. Types and shapes are the same both ways.</summary>
    public abstract void Tensors(IEnumerable<(string Name, Tensor Tensor)> tensors);

    /// <summary>Saves or loads a number.</summary>
    public double Number(string name, double value) => Numbers(name, [value], count: 1) is [double given] ? given : throw Impossible(name);

    /// <summary>Saves or loads a whole number of at least <paramref name="least"/>.</summary>
    public int Number(string name, int value, int least) =>
        Number(name, value) is var given && given >= least && given <= int.MaxValue && given == Math.Floor(given) ? (int)given : throw Impossible(name);

    /// <summary>Saves or loads all tensors of a module.</summary>
    public void Module(string name, nn.Module module) => new PartState(this, name).Tensors(ModuleState.Of(module));

    /// <summary>Saves or loads a part.</summary>
    public void Part(string name, IRunPart part) => part.Transfer(new PartState(this, name));

    /// <summary>What is thrown where no run can have had such a value.</summary>
    protected abstract WeightsFormatException Impossible(string name);

    /// <summary>The same, with the name of a part before all names.</summary>
    private sealed class PartState(RunState whole, string part) : RunState
    {
        public override double[] Numbers(string name, double[] values, int count) => whole.Numbers($"{part}.{name}", values, count);

        public override void Tensors(IEnumerable<(string Name, Tensor Tensor)> tensors) =>
            whole.Tensors(tensors.Select(tensor => ($"{part}.{tensor.Name}", tensor.Tensor)));

        protected override WeightsFormatException Impossible(string name) => whole.Impossible($"{part}.{name}");
    }
}

/// <summary>Takes note of all that a run has; the tensors are the run's own.</summary>
internal sealed class SavedState : RunState
{
    private readonly Dictionary<string, double[]> _numbers = [];
    private readonly List<(string Name, Tensor Tensor)> _tensors = [];

    public IReadOnlyDictionary<string, double[]> AllNumbers => _numbers;

    public IReadOnlyList<(string Name, Tensor Tensor)> AllTensors => _tensors;

    public override double[] Numbers(string name, double[] values, int count)
    {
        _numbers.Add(name, values);
        return values;
    }

    public override void Tensors(IEnumerable<(string Name, Tensor Tensor)> tensors) => _tensors.AddRange(tensors);

    protected override WeightsFormatException Impossible(string name) => new($"The run has no possible {name}.");
}

/// <summary>Gives what a checkpoint has.</summary>
internal sealed class LoadedState : RunState, IDisposable
{
    private const string Remedy = "Use the architecture and options that the file was made with.";

    private readonly Checkpoint _checkpoint;
    private readonly WeightsFile _file;
    private readonly Dictionary<string, StoredTensor> _unread;

    public LoadedState(Checkpoint checkpoint)
    {
        _checkpoint = checkpoint;
        _file = WeightsFile.Open(checkpoint.Path);
        _unread = _file.Tensors.ToDictionary(tensor => tensor.Name);
    }

    /// <exception cref="WeightsFormatException">There are none of the name, or not so many.</exception>
    public override double[] Numbers(string name, double[] values, int count) =>
        _checkpoint.Numbers.GetValueOrDefault(name) is { } saved && (saved.Length == 0 || saved.Length == count) ? saved : throw Impossible(name);

    /// <exception cref="WeightsFormatException">One is missing, or of another type or shape.</exception>
    public override void Tensors(IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        (string Name, Tensor Tensor)[] targets = [.. tensors];
        WeightsMismatch.ThrowIfAny(
            missing: [.. targets.Select(target => target.Name).Where(name => !_unread.ContainsKey(name))],
            surplus: [],
            ofAnotherKind: [.. targets
                .Where(target => _unread.TryGetValue(target.Name, out StoredTensor? found) && !(found.Elements.Type == target.Tensor.dtype.ToElementType() && found.Shape.AsSpan().SequenceEqual(target.Tensor.shape)))
                .Select(target => target.Name)],
            Remedy);
        _file.CopyInto(targets.Select(target => (_unread[target.Name], target.Tensor)));
        foreach ((string name, _) in targets)
        {
            _unread.Remove(name);
        }
    }

    /// <summary>To be called when all parts have loaded themselves.</summary>
    /// <exception cref="WeightsFormatException">Nobody asked for some of the tensors.</exception>
    public void Complete() => WeightsMismatch.ThrowIfAny(missing: [], surplus: _unread.Keys, ofAnotherKind: [], Remedy);

    public void Dispose() => _file.Dispose();

    protected override WeightsFormatException Impossible(string name) =>
        new($"'{_checkpoint.Path}' has no possible {name}: {(_checkpoint.Numbers.GetValueOrDefault(name) is { } saved ? RunJson.Text(saved) : "it is absent")}.");
}
