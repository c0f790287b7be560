using Microsoft.ML.ArcFace.Backbones;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>The tensors that make up a module's state, under their published names.</summary>
internal static class ModuleState
{
    /// <summary>
    /// Parameters, then persistent buffers, then the same of each child: the order of PyTorch's <c>state_dict</c>, which
    /// TorchSharp's does not keep; of a <see cref="FaceBackbone"/> the tensors that its network describes. They belong to the module.
    /// </summary>
    public static IReadOnlyList<(string Name, Tensor Tensor)> Of(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (module is FaceBackbone backbone)
        {
            return backbone.State;
        }

        var state = new List<(string, Tensor)>();
        Collect(module, prefix: "", state);
        return state;
    }

    /// <summary>The same by name, to be read and filled.</summary>
    public static IReadOnlyDictionary<string, WritableTensor> ByName(nn.Module module) =>
        Of(module).ToDictionary(entry => entry.Name, entry => (WritableTensor)new ModuleTensor(entry.Tensor));

    /// <summary>The same by name, to be read.</summary>
    public static IReadOnlyDictionary<string, StateTensor> ReadableByName(nn.Module module) =>
        Of(module).ToDictionary(entry => entry.Name, entry => (StateTensor)new ModuleTensor(entry.Tensor));

    private static void Collect(nn.Module module, string prefix, List<(string, Tensor)> state)
    {
        foreach (var (name, parameter) in module.named_parameters(recurse: false))
        {
            state.Add((prefix + name, parameter));
        }

        foreach (var (name, buffer) in module.named_buffers(recurse: false, include_nonpersistent: false))
        {
            state.Add((prefix + name, buffer));
        }

        foreach (var (name, child) in module.named_children())
        {
            Collect(child, $"{prefix}{name}.", state);
        }
    }
}
