using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>
/// A described network as a module of libtorch that embeds aligned faces: [B,3,112,112], RGB in [-1,1] → [B,EmbeddingSize], not
/// normalised. It holds the tensors as parameters and buffers under their published names, and runs the nodes.
/// </summary>
/// <remarks>
/// <para>The body computes in the element type of the input (float32 or bfloat16), the head in that of its weights.
/// Both memory orders of the input give the same result; channels-last stays channels-last and is faster.</para>
/// <para>In evaluation mode under <c>no_grad</c> any number of threads may run the forward pass at once.</para>
/// </remarks>
internal class FaceBackbone : nn.Module<Tensor, Tensor>
{
    private readonly TorchProgram _program;
    private nn.Module[] _frozen = [];

    /// <summary>Makes a network in training mode with the published initial weights, drawn from torch's global generator.</summary>
    /// <exception cref="WeightsFormatException">A node cannot be trained; the message names it.</exception>
    public FaceBackbone(NetworkDescription network)
        : base(network.Name)
    {
        Network = network;
        using var scope = NewDisposeScope();
        _program = new TorchProgram(network, () => training);
        if (_program.Layers.All(HasPublishedNames))
        {
            foreach (TorchLayer layer in _program.Layers)
            {
                Register(this, layer.Node!.Name.Split('.'), layer.Module);
            }
        }
        else
        {
            // Others name nodes and tensors in ways in which no tree of modules can be named.
            for (int i = 0; i < _program.Layers.Count; i++)
            {
                register_module(FormattableString.Invariant($"layer{i}"), _program.Layers[i].Module);
            }
        }

        WeightDrawing.Draw(network, State);
    }

    public NetworkDescription Network { get; }

    /// <summary>The published network that it is.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public BackboneArchitecture Architecture => BackboneArchitectures.Parse(Network.Name);

    /// <summary>The tensors of the description, in its order; they belong to the module.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> State
    {
        get
        {
            Dictionary<string, Tensor> held = _program.Layers.SelectMany(layer => layer.Tensors.Zip(ModuleState.Of(layer.Module), (name, entry) => (name, entry.Tensor))).ToDictionary();
            return [.. Network.Tensors.Select(tensor => (tensor.Name, held[tensor.Name]))];
        }
    }

    /// <summary>The norms and their nodes.</summary>
    public IEnumerable<(NetworkNode Node, BatchNormalization Norm)> Norms =>
        _program.Layers.Where(layer => layer.Module is BatchNormalization).Select(layer => (layer.Node!, (BatchNormalization)layer.Module));

    /// <summary>The number of components of an embedding.</summary>
    public int EmbeddingSize => Network.OutputSize;

    /// <inheritdoc cref="FaceBackbone(NetworkDescription)"/>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside of its range; nothing was allocated.</exception>
    public static FaceBackbone Create(BackboneArchitecture architecture, int embeddingSize = 512, double dropout = 0) =>
        new(BackboneDescription.Of(architecture, embeddingSize, dropout));

    /// <summary>A network in training mode with the weights of a file; its embedding size is the file's.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit; all of them are listed.</exception>
    public static FaceBackbone Load(string path, BackboneArchitecture architecture)
    {
        using var file = WeightsFile.Open(path);
        FaceBackbone backbone = Create(architecture, NetworkWeights.EmbeddingSizeOf(file));
        try
        {
            backbone.CopyFrom(file, path);
            return backbone;
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for messages.</param>
    /// <exception cref="WeightsFormatException">The file is damaged, or its tensors do not fit; all of them are listed.</exception>
    public void CopyFrom(WeightsFile file, string path) => NetworkWeights.CopyInto(file, Network, ModuleState.ByName(this), path);

    /// <summary>
    /// Keeps the stem and the first stages as they are, in training too: their weights get no gradient, and their
    /// BatchNorms use the statistics they have. None are kept if <paramref name="stages"/> is 0.
    /// </summary>
    public void Freeze(int stages)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stages, BackboneDescription.StageCount);
        _frozen = [.. _program.Layers.Where(layer => stages > 0 && layer.Node?.Stage <= stages).Select(layer => layer.Module)];
        foreach (var parameter in _frozen.SelectMany(layer => layer.parameters()))
        {
            parameter.requires_grad = false;
        }
    }

    public override void train(bool on = true)
    {
        base.train(on);
        foreach (nn.Module layer in _frozen)
        {
            layer.eval();
        }
    }

    public override Tensor forward(Tensor input)
    {
        Tensor output = _program.Run(input);
        if (output.dtype == _program.HeadType)
        {
            return output;
        }

        using (output)
        {
            return output.to(_program.HeadType);
        }
    }

    /// <summary>Whether the tensors of a layer are named as its node is, with the module's own names behind a dot.</summary>
    private static bool HasPublishedNames(TorchLayer layer) =>
        layer.Node is { } node && layer.Tensors.SequenceEqual(ModuleState.Of(layer.Module).Select(entry => $"{node.Name}.{entry.Name}"));

    /// <summary>Hangs a layer into the tree of modules that its name spells out.</summary>
    private static void Register(nn.Module parent, ReadOnlySpan<string> path, nn.Module layer)
    {
        if (path.Length == 1)
        {
            parent.register_module(path[0], layer);
            return;
        }

        string name = path[0];
        if (parent.named_children().FirstOrDefault(child => child.name == name).module is not { } folder)
        {
            folder = new LayerFolder(name);
            parent.register_module(name, folder);
        }

        Register(folder, path[1..], layer);
    }

    /// <summary>What stands before a dot in the names of layers.</summary>
    private sealed class LayerFolder(string name) : nn.Module(name);
}
