"""The table of all problem codes: title and explanation.

TL1xx the file and the graph; TL2xx operators; TL3xx quantisation and data; TL4xx programs, targets, files and
engines. TL5xx belong to the back end.
"""

CODES: dict[str, tuple[str, str]] = {
    "TL101": (
        "the model file cannot be read",
        "The path does not name a readable file. Check the spelling and the permissions.",
    ),
    "TL102": (
        "the file is not a complete ONNX model",
        "The file is not a serialised ONNX ModelProto, or it ends too early: an interrupted download or export. "
        "Export the network again, or compare the file's length with its source.",
    ),
    "TL103": (
        "the model exceeds a limit",
        "File size, nodes, rank, dimensions and elements are limited before anything is allocated, so that a broken "
        "file cannot exhaust the machine. The rule names the limit.",
    ),
    "TL104": (
        "external data is missing or outside the model's folder",
        "Weights may lie in files beside the model, and only in its own folder: links that lead elsewhere are not "
        "followed. Save the model with its weights inside, for example onnx.save(model, path).",
    ),
    "TL105": (
        "the operator set is unknown",
        "The compiler knows the operator sets ai.onnx 7 to 28. Export with one of them, or convert the model with "
        "onnx.version_converter.",
    ),
    "TL106": (
        "the graph has a cycle",
        "A node depends on its own output. ONNX graphs must be acyclic; export the network again.",
    ),
    "TL107": (
        "a name is undefined or defined twice",
        "Each value is defined exactly once, by an input, an initialiser or a node, and only defined names are read.",
    ),
    "TL108": (
        "an axis has no fixed size",
        "The program of the accelerator is made for fixed sizes. A dynamic first (batch) axis is taken as 1; every "
        "other axis needs a number: --dim NAME=NUMBER gives it one, or export without dynamic axes.",
    ),
    "TL109": (
        "a dimension is negative, zero or too large",
        "Every dimension must be from 1 to 16,777,216.",
    ),
    "TL110": (
        "weights are not finite",
        "A weight is NaN or infinite, which no integer represents. Training has probably diverged.",
    ),
    "TL111": (
        "the ONNX checker refuses the model",
        "The model breaks a rule of the ONNX standard itself; the value is the checker's message.",
    ),
    "TL112": (
        "a shape cannot be inferred",
        "The size of a value must follow from the inputs' sizes at compile time, not from data.",
    ),
    "TL113": (
        "the batch is not 1",
        "The first axis of an input is the batch. The machine is built for batch 1; several frames are run one after "
        "another. Export with batch 1 or with a dynamic batch axis.",
    ),
    "TL114": (
        "the network has no input, no output, or nothing to compute",
        "At least one output must depend on an input through an operator that runs on the accelerator.",
    ),
    "TL201": (
        "the operator is not supported",
        "The fix names supported operators that do the same, where there are some; otherwise the network has to be "
        "written without this one, or --host-ops leaves it and all behind it to the host. `tileloom explain TL201` "
        "lists all that are supported.",
    ),
    "TL202": (
        "an attribute has an unsupported value",
        "The operator is supported, but not with this attribute; the rule names what is.",
    ),
    "TL203": (
        "the groups of a convolution do not divide its channels",
        "Both input and output channels must be multiples of the number of groups.",
    ),
    "TL204": (
        "the kernel is larger than its padded input",
        "No window fits, the output would be empty. Enlarge the input or the padding, or make the kernel smaller.",
    ),
    "TL205": (
        "an operand must be a constant",
        "Weights, biases, shapes and limits must be known at compile time.",
    ),
    "TL206": (
        "the rank is not supported",
        "Feature maps have 4 axes (N, C, H, W) or 3 (N, C, L); vectors have 2 (N, features).",
    ),
    "TL207": (
        "the broadcast is not supported",
        "A constant may differ from channel to channel but not inside one; two maps must have the same shape.",
    ),
    "TL208": (
        "a window of an average pool is empty",
        "Windows divide by the elements that count (count_include_pad=0), or that lie in the padded map; one that has "
        "none of them has no average. Use less padding or a smaller dilation.",
    ),
    "TL209": (
        "a movement of elements has no regularity",
        "Operators that only move data (Reshape, Transpose, Slice, Gather, Concat, Pad and so on) become loops over "
        "elements: few where channels, rows and columns stay together, one for each element where they do not. The "
        "rule names the limit.",
    ),
    "TL210": (
        "a host operator stands in the middle",
        "Softmax and ArgMax run on the host, and only at the very end of the network.",
    ),
    "TL211": (
        "an attribute is out of its range",
        "Kernels, strides and dilations are at least 1; pads are not negative and smaller than the kernel for pools.",
    ),
    "TL212": (
        "the data type is not supported",
        "Networks compute in floating point, or in 8-bit integers between QuantizeLinear and DequantizeLinear.",
    ),
    "TL301": (
        "a scale is not a positive finite number",
        "A quantisation scale of zero, below zero, infinite or NaN has no meaning. Calibrate again.",
    ),
    "TL302": (
        "the code type is not supported",
        "Activations and weights are int8 or uint8, biases int32.",
    ),
    "TL303": (
        "the weights' zero point is not supported",
        "Weight codes minus their zero point must fit 8 bits signed: use symmetric weights.",
    ),
    "TL304": (
        "scales per axis are not supported here",
        "Activations have one scale; weights have one, or one per output channel.",
    ),
    "TL305": (
        "an accumulator needs more than 32 bits",
        "The greatest possible sum of the layer does not fit the accumulators, so that it could wrap.",
    ),
    "TL306": (
        "a scale ratio is out of range",
        "The factor between accumulator and output must be below 65,536.",
    ),
    "TL307": (
        "the input or calibration data does not fit the network",
        "Arrays are named like the network's inputs, have their shape (with or without the batch axis, frames first), "
        "and are finite.",
    ),
    "TL308": (
        "the float network cannot be run",
        "Calibration runs the float network in a child process with limits of time and memory; it failed.",
    ),
    "TL309": (
        "one value is quantised in two ways",
        "DequantizeLinear must use the scale and zero point of the QuantizeLinear before it.",
    ),
    "TL310": (
        "a function has no value for a number that occurs",
        "Logarithms, roots, reciprocals and powers are not defined everywhere, and have no table where they grow "
        "without end. Clip their input to a range in which they are finite, or calibrate with data of the right range.",
    ),
    "TL311": (
        "a quantiser's parameters are out of range",
        "Bit widths are whole numbers; quantised activations have whole zero points and at most 256 levels; the "
        "factors of a RequantShift must be exact in multipliers of 16 bits.",
    ),
    "TL312": (
        "a setting does not fit the network",
        "Sizes (--dim), bound inputs (--bind) and bit widths (--bits) name axes, inputs and nodes of the network; the "
        "fix says which name is nearest.",
    ),
    "TL401": (
        "there is no such model",
        "A model argument is an ONNX file, a tile program (.tlp) or the name of a network that ships with tileloom; "
        "`tileloom zoo` lists those. A verb that needs the network itself does not take a program.",
    ),
    "TL402": (
        "the program file cannot be used",
        "The loader checks magic bytes, version, sections, checksums, every instruction and every address before a "
        "program is used. Compile the network again with this version of tileloom.",
    ),
    "TL403": (
        "the target cannot be used",
        "A target is a preset's name (`tileloom targets` lists them) or a TOML file whose keys are the fields of "
        "hw/spec/config.py; every field has a range, which the message names.",
    ),
    "TL404": (
        "the program is for another target",
        "A program holds addresses and sizes of one hardware configuration, whose hash it carries. Compile the network "
        "for the other target, or leave --target out.",
    ),
    "TL405": (
        "an .npz file cannot be used",
        "Inputs and calibration data are numpy .npz files (numpy.savez) whose arrays are named like the network's "
        "inputs, frames first.",
    ),
    "TL406": (
        "a package or a system tool is missing",
        "Some verbs need more than `pip install tileloom`: the RTL needs the extra `rtl` and g++, make and perl; "
        "bitstreams need the extra `fpga`; the integer reference needs PyTorch (extra `reference`).",
    ),
    "TL407": (
        "the machine halted with an error",
        "The accelerator (or its model) stopped and reported this error code and the word of the program it was at.",
    ),
    "TL408": (
        "a file cannot be written",
        "The folder must exist and be writable. Nothing is left half-written.",
    ),
    "TL409": (
        "the request does not fit the model",
        "An option asks for something that this model, program or data cannot give; the message names both.",
    ),
    "TL410": (
        "an engine differs from the reference",
        "Every engine must give the integer reference's codes bit for bit, and the RTL the simulator's cycles too. "
        "The message names the first job and element that differ: this is a fault of tileloom, not of the network.",
    ),
    "TL411": (
        "a bitstream cannot be built",
        "The board must be one that tileloom knows, the tools must be installed (extra `fpga`), and the target must "
        "fit the device. The logs of a failed build are kept beside the output, in a folder that ends in .failed.",
    ),
    "TL412": (
        "a want of a report cannot be read",
        "A want is a bound on one figure of the report, such as latency_s<=0.001 or utilisation>=0.9. The figures are "
        "those that `simulate --json` gives.",
    ),
    "TL413": (
        "a space of targets cannot be explored",
        "A space is a TOML file: base (a target), [vary] with fields of a target and lists of values, and [within] "
        "with bounds on macs_per_cycle, on_chip_bytes, tiles or port_bytes. Objectives are figures of a point.",
    ),
    "TL414": (
        "a cluster cannot be used",
        "--scheduler needs the library distributed (extra `cluster`) and a Dask scheduler that answers.",
    ),
    "TL415": (
        "a board does not do what was asked",
        "The port must be the board's, the board must be powered and hold a bitstream of tileloom for the program's "
        "target, and the program must fit its memory. After a lost connection the program must be loaded again.",
    ),
    "TL416": (
        "a technology cannot be used",
        "A technology is the name of a table of energies (`tileloom technologies` lists them) or a TOML file of the "
        "same form, in which every number has a value, a range and a source.",
    ),
    "TL501": (
        "a layer does not fit the target",
        "Even the smallest piece of the layer, one output pixel of one group of columns, needs more of a buffer than "
        "the target has. The value names the buffer and both sizes.",
    ),
    "TL502": (
        "the target leaves out what a layer needs",
        "Targets may leave units out to save area: the channelwise modes, the residual buffer, the nonlinearity. The "
        "value names the field of the target.",
    ),
}
"""Code -> (title, explanation)."""
