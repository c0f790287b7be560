using System.Reflection;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>
/// Calls of TorchSharp that make a thread wait for a GPU: they read numbers of a tensor, or copy it from or to a device.
/// What does is read from TorchSharp's own code: all that calls these native functions, or calls what does.
/// </summary>
internal static class WaitingCalls
{
    private static readonly HashSet<string> Natives =
    [
        "THSTensor_item", "THSTensor_data", "THSTensor_cpu", "THSTensor_cuda", "THSTensor_to_device", "THSTensor_to_type_and_device",
        "THSTensor_nonzero", "THSTensor_masked_select", "THSTensor_equal", "THSTensor_allclose", "THSTensor_unique", "THSTensor_unique_consecutive",
        "THSTensor_unique_dim", "THSTensor_bincount", "THSTensor_repeat_interleave", "THSTensor_index", "THSTorchCuda_synchronize",
    ];

    private static readonly Lazy<HashSet<MethodBase>> Waiting = new(FindWaiting);

    /// <summary>Whether a method of TorchSharp may wait.</summary>
    public static bool Contains(MethodBase method) => Waiting.Value.Contains(method);

    /// <summary>
    /// The waiting calls in all that a method calls, itself or through others of the library, except for what
    /// <paramref name="stopsAt"/> says. Whatever overrides a method that is called counts as called, and so does the
    /// forward pass of each module.
    /// </summary>
    public static IEnumerable<string> Reachable(MethodBase root, Func<MethodBase, bool> stopsAt)
    {
        MethodBase[] all = [.. Libraries.Assemblies.SelectMany(CalledMethods.AllOf)];
        ILookup<MethodBase, MethodBase> overrides = all.OfType<MethodInfo>().Where(method => method.IsVirtual)
            .ToLookup<MethodInfo, MethodBase, MethodBase>(method => method.GetBaseDefinition(), method => method);
        var reached = new HashSet<MethodBase>();
        var ahead = new Stack<MethodBase>(all.Where(IsForwardPass).Append(root));
        while (ahead.TryPop(out MethodBase? method))
        {
            if (stopsAt(method) || !reached.Add(method))
            {
                continue;
            }

            foreach ((_, MethodBase called) in CalledMethods.Of(method))
            {
                if (Libraries.Assemblies.Contains(called.Module.Assembly))
                {
                    ahead.Push(called);
                    foreach (MethodBase overriding in called is MethodInfo { IsVirtual: true } virtualMethod ? overrides[virtualMethod.GetBaseDefinition()] : [])
                    {
                        ahead.Push(overriding);
                    }
                }
                else if (Contains(called))
                {
                    yield return $"{CalledMethods.Describe(method)} calls {CalledMethods.Describe(called)}";
                }
            }
        }
    }

    private static bool IsForwardPass(MethodBase method) => method.Name == "forward" && typeof(torch.nn.Module).IsAssignableFrom(method.DeclaringType);

    private static HashSet<MethodBase> FindWaiting()
    {
        Dictionary<MethodBase, MethodBase[]> calls = CalledMethods.AllOf(typeof(torch).Assembly)
            .ToDictionary(method => method, method => CalledMethods.Of(method).Select(call => call.Called).ToArray());

        // What copies managed numbers may do so to a device. A number as a tensor, by conversion, stays on the processor.
        HashSet<MethodBase> waiting = [.. calls.Keys.Where(method => Natives.Contains(method.Name) || method.Name.StartsWith("THSTensor_new", StringComparison.Ordinal))];
        int before;
        do
        {
            before = waiting.Count;
            waiting.UnionWith(calls.Where(entry => entry.Key.Name != "op_Implicit" && entry.Value.Any(waiting.Contains)).Select(entry => entry.Key));
        }
        while (waiting.Count > before);
        return waiting;
    }
}
